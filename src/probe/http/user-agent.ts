import { createRequire } from 'node:module';

let cached: string | undefined;

/** How probes name themselves in HTTP: `Portolan/` and the package's version. */
export function userAgent(): string {
  const load = createRequire(import.meta.url);
  // The same two steps up from src/probe/ in a checkout and from dist/probe/ in the package.
  cached ??= `Portolan/${(load('../../../package.json') as { version: string }).version}`;
  return cached;
}
