import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScannedHost, ScannedPort } from '../../store/export/scanned-hosts.ts';
import { type Attributes, empty, escape, open } from './xml.ts';

/** Results of scripts on a port; banners and page titles as nmap's scripts print them. */
export function portScripts({ banners, pages, scripts }: ScannedPort): string {
  const told = [
    ...banners.map(({ banner }) => ({ script: 'banner', output: banner })),
    ...pages
      .slice(0, 1)
      .flatMap(({ title }) =>
        title === undefined ? [] : [{ script: 'http-title', output: title }],
      ),
  ].filter(({ script }) => !scripts.some((other) => other.script === script));
  return [...told, ...scripts].map(scriptElement).join('');
}

/** Results of scripts on a host. */
export function hostScripts({ scripts }: ScannedHost): string {
  if (scripts.length === 0) return '';
  return `<hostscript>${scripts.map(scriptElement).join('')}</hostscript>`;
}

function scriptElement(result: { script: string; output: string; data?: unknown }): string {
  const { script, output, data } = result;
  return `${open('script', { id: script, output })}${membersOf(data)}</script>`;
}

/** Objects and arrays as tables with and without keys. */
function membersOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, member]: [string, unknown]) => {
      const key: Attributes = Array.isArray(value) ? {} : { key: name };
      return typeof member === 'object' && member !== null
        ? `${open('table', key)}${membersOf(member)}</table>`
        : `${open('elem', key)}${escape(String(member))}</elem>`;
    })
    .join('');
}

/** The CPE names in a space-separated text. */
export function cpeElements(cpe: string | undefined): string {
  return (cpe?.split(' ') ?? []).map((name) => `<cpe>${escape(name)}</cpe>`).join('');
}

/** Operating system guesses. */
export function osElement({ os_matches: matches }: ScannedHost): string {
  const elements = matches.map(({ name, ...match }) => {
    const accuracy = Math.round(match.accuracy * 100);
    const { vendor, generation: osgen, device_type: type, family: osfamily } = match;
    const about = { vendor: vendor ?? '', ...omitUndefined({ osgen, type }), accuracy };
    const kind =
      osfamily === undefined
        ? ''
        : `${open('osclass', { ...about, osfamily })}${cpeElements(match.cpe)}</osclass>`;
    // The line number in nmap's list of systems is not stored.
    return `${open('osmatch', { name, accuracy, line: 0 })}${kind}</osmatch>`;
  });
  return elements.length === 0 ? '' : `<os>${elements.join('')}</os>`;
}

/** The route to a host. */
export function traceElement({ hops }: ScannedHost): string {
  const elements = hops.map(({ ttl, address, rtt_ms: rtt, hostname }) =>
    empty('hop', { ttl, ...omitUndefined({ rtt, ipaddr: address, host: hostname }) }),
  );
  return elements.length === 0 ? '' : `<trace>${elements.join('')}</trace>`;
}
