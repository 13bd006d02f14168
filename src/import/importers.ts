import { AppError } from '../errors.ts';
import { csvHeader } from './csv-header.ts';
import type { Importer } from './importer.ts';
import { parseMasscanObject } from './masscan-object.ts';
import { type AnyObject, asObject, asPort } from './object.ts';
import { firstLines, firstObject } from './sniff.ts';

/** Every format that is read; the first that takes a file for its own reads it. */
export const importers: readonly Importer[] = [
  {
    name: 'jsonl',
    title: 'Portolan JSON Lines (.jsonl)',
    // An event of another version too: what is wrong with it is told line by line.
    sniff: (head) =>
      head
        .toString()
        .split('\n')
        .some((line) => /^\s*\{.*"type"\s*:\s*"(run|scan|web|result)\./.test(line)),
    read: lazily(async () => (await import('./jsonl.ts')).readJsonl),
  },
  {
    name: 'nmap-xml',
    title: 'nmap or masscan XML (-oX)',
    sniff: (head) => /^\uFEFF?\s*</.test(head.toString()) && head.includes('<nmaprun'),
    read: lazily(async () => (await import('./nmap/read-nmap-xml.ts')).readNmapXml),
  },
  {
    name: 'masscan-json',
    title: 'masscan JSON (-oJ)',
    sniff: (head) =>
      firstLines(head).some((line) => {
        const object = parseMasscanObject(line);
        return object !== undefined && 'ip' in object && Array.isArray(object['ports']);
      }),
    read: lazily(async () => (await import('./masscan-json.ts')).readMasscanJson),
  },
  {
    name: 'masscan-ndjson',
    title: 'masscan NDJSON (-oD)',
    sniff: ofObject((line) => line['rec_type'] !== undefined),
    read: lazily(async () => (await import('./masscan-ndjson.ts')).readMasscanNdjson),
  },
  {
    name: 'masscan-list',
    title: 'masscan list (-oL)',
    sniff: (head) =>
      firstLines(head).some((line) =>
        /^((open|closed|up|unknown) \S+ \d+ \S+ \d+\s*$|banner \S+ \d+ \S+ \d+ \S)/.test(line),
      ),
    read: lazily(async () => (await import('./masscan-list.ts')).readMasscanList),
  },
  {
    name: 'zgrab2',
    title: 'zgrab2',
    sniff: ofObject((line) => {
      const scans = Object.values(asObject(line['data']) ?? {});
      const hasStatus = scans.some((scan) => typeof asObject(scan)?.['status'] === 'string');
      return hasStatus && !('rec_type' in line);
    }),
    read: lazily(async () => (await import('./zgrab2.ts')).readZgrab2),
  },
  {
    name: 'nuclei',
    title: 'nuclei (-jsonl)',
    sniff: ofObject((line) => 'template-id' in line || 'templateID' in line),
    read: lazily(async () => (await import('./nuclei.ts')).readNuclei),
  },
  {
    name: 'httpx',
    title: 'httpx (-json)',
    sniff: ofObject(
      (line) =>
        typeof line['url'] === 'string' &&
        ['status_code', 'status-code', 'failed', 'webserver', 'host_ip'].some((key) => key in line),
    ),
    read: lazily(async () => (await import('./httpx.ts')).readHttpx),
  },
  {
    name: 'naabu',
    title: 'naabu (-json)',
    sniff: ofObject(
      (line) =>
        'ip' in line &&
        asPort(asObject(line['port'])?.['Port'] ?? line['port']) !== undefined &&
        !['ports', 'data', 'url'].some((key) => key in line),
    ),
    read: lazily(async () => (await import('./naabu.ts')).readNaabu),
  },
  {
    name: 'aggregate',
    title: 'older aggregate lines ("open", "final_url")',
    sniff: ofObject((line) => 'open' in line || 'final_url' in line),
    read: lazily(async () => (await import('./aggregate.ts')).readAggregate),
  },
  {
    name: 'csv',
    title: 'CSV with a header (address, port, …)',
    sniff: (head) => {
      const [line = ''] = firstLines(head);
      return !line.trimStart().startsWith('{') && csvHeader(line)?.has('address') === true;
    },
    read: lazily(async () => (await import('./csv.ts')).readCsv),
  },
];

/** What a file's first JSON object must look like. */
function ofObject(isOurs: (line: AnyObject) => boolean): Importer['sniff'] {
  return (head) => {
    const line = firstObject(head);
    return line !== undefined && isOurs(line);
  };
}

/** A reader that is loaded when it is needed: a thread starts with that of its file alone. */
function lazily(load: () => Promise<Importer['read']>): Importer['read'] {
  return async function* (input) {
    yield* (await load())(input);
  };
}

/**
 * The importer of a file that begins so.
 *
 * @param name of the file, for the message
 * @throws AppError INVALID_INPUT, listing what is read
 */
export function sniff(head: Buffer, name: string): Importer {
  const found = importers.find((importer) => importer.sniff(head));
  if (found) return found;
  if (/^(?:\u00ff\u00fe|\u00fe\u00ff)/.test(head.toString('latin1'))) {
    throw new AppError(
      'INVALID_INPUT',
      `${name} is text in UTF-16, as ">" of Windows PowerShell writes it: ` +
        `iconv -f UTF-16 -t UTF-8 makes a file of it that can be read`,
    );
  }
  const formats = importers.map(({ title }) => title).join(', ');
  const what = head.length === 0 ? 'is empty' : 'is in no format that is known here';
  throw new AppError('INVALID_INPUT', `${name} ${what}; what is read: ${formats} (also as .gz)`);
}

/**
 * The importer with a name.
 *
 * @throws AppError USAGE, listing the names
 */
export function importerNamed(name: string): Importer {
  const found = importers.find((importer) => importer.name === name);
  if (found) return found;
  const names = importers.map((importer) => importer.name).join(', ');
  throw new AppError('USAGE', `"${name}" is no format that is read; those are: ${names}`);
}
