import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScanOs } from '../../core/events.ts';
import type { HostPlace } from './host-context.ts';
import { attribute, childOf, childrenOf, shareOf, type XmlElement } from './xml-tree.ts';

/** The operating systems that a `<host>` may run, if nmap guessed any. */
export function osEvent(host: XmlElement, { run_id, addr, t }: HostPlace): ScanOs[] {
  const matches = childrenOf(childOf(host, 'os'), 'osmatch').map(toMatch);
  if (matches.length === 0) return [];
  return [{ type: 'scan.os', run_id, addr, matches: matches.slice(0, 200), t }];
}

/** A match names a system; its classes describe the kind of system, most likely first. */
function toMatch(match: XmlElement): ScanOs['matches'][number] {
  const classes = childrenOf(match, 'osclass');
  const [best] = classes;
  const cpes = classes.flatMap((each) => childrenOf(each, 'cpe')).map(({ text }) => text.trim());
  return {
    name: attribute(match, 'name') ?? 'unknown',
    accuracy: shareOf(match, 'accuracy', 100) ?? 0,
    ...omitUndefined({
      family: attribute(best, 'osfamily'),
      vendor: attribute(best, 'vendor'),
      generation: attribute(best, 'osgen'),
      device_type: attribute(best, 'type'),
      cpe: [...new Set(cpes)].join(' ') || undefined,
    }),
  };
}
