import { banners } from './banner.ts';
import { certificates } from './certificate.ts';
import { errors } from './error.ts';
import type { AnyFact } from './fact.ts';
import { findings } from './finding.ts';
import { handshakes } from './handshake.ts';
import { osMatches } from './os-match.ts';
import { pages } from './page.ts';
import { scripts } from './script.ts';
import { traceHops } from './trace-hop.ts';

/**
 * Every fact, in write and export order. Hosts, ports and services are not listed: they arrive as
 * columns and merge into the inventory.
 */
export const facts: readonly AnyFact[] = [
  banners,
  pages,
  handshakes,
  errors,
  certificates,
  findings,
  scripts,
  osMatches,
  traceHops,
];
