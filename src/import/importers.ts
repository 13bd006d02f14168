import { AppError } from '../errors.ts';
import { aggregateJsonl } from './aggregate.ts';
import { csv } from './csv.ts';
import { httpxJsonl } from './httpx.ts';
import type { Importer } from './importer.ts';
import { portolanJsonl } from './jsonl.ts';
import { masscanJson } from './masscan-json.ts';
import { masscanList } from './masscan-list.ts';
import { masscanNdjson } from './masscan-ndjson.ts';
import { naabuJsonl } from './naabu.ts';
import { nmapXml } from './nmap-xml.ts';
import { nucleiJsonl } from './nuclei.ts';
import { zgrab2Jsonl } from './zgrab2.ts';

/** Every format that is read; the first that takes a file for its own reads it. */
export const importers: readonly Importer[] = [
  portolanJsonl,
  nmapXml,
  masscanJson,
  masscanNdjson,
  masscanList,
  zgrab2Jsonl,
  nucleiJsonl,
  httpxJsonl,
  naabuJsonl,
  aggregateJsonl,
  csv,
];

/**
 * The importer of a file that begins so.
 *
 * @param name of the file, for the message
 * @throws AppError INVALID_INPUT, listing what is read
 */
export function sniff(head: Buffer, name: string): Importer {
  const found = importers.find((importer) => importer.sniff(head));
  if (found) return found;
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
