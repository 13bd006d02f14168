import { AppError } from '../errors.ts';
import { aggregate } from './aggregate.ts';
import { csv } from './csv/csv.ts';
import { httpx } from './httpx.ts';
import type { Importer } from './importer.ts';
import { jsonl } from './jsonl.ts';
import { masscanJson } from './masscan/masscan-json.ts';
import { masscanList } from './masscan/masscan-list.ts';
import { masscanNdjson } from './masscan/masscan-ndjson.ts';
import { naabu } from './naabu.ts';
import { nmapXml } from './nmap/nmap-xml.ts';
import { nuclei } from './nuclei.ts';
import { zgrab2 } from './zgrab2.ts';

/** Every importable format. The first that recognizes a file reads it. */
export const importers: readonly Importer[] = [
  jsonl,
  nmapXml,
  masscanJson,
  masscanNdjson,
  masscanList,
  zgrab2,
  nuclei,
  httpx,
  naabu,
  aggregate,
  csv,
];

/**
 * The importer that recognizes the beginning of a file.
 *
 * @param name of the file, for the message
 * @throws AppError INVALID_INPUT, listing the formats
 */
export function sniff(head: Buffer, name: string): Importer {
  const found = importers.find((importer) => importer.sniff(head));
  if (found) return found;
  if (/^(?:\u00ff\u00fe|\u00fe\u00ff)/.test(head.toString('latin1'))) {
    throw new AppError(
      'INVALID_INPUT',
      `${name} is UTF-16 text, as written by ">" in Windows PowerShell: ` +
        `convert it with iconv -f UTF-16 -t UTF-8`,
    );
  }
  const formats = importers.map(({ title }) => title).join(', ');
  const what = head.length === 0 ? 'is empty' : 'is not in a known format';
  throw new AppError('INVALID_INPUT', `${name} ${what}; known formats: ${formats} (also as .gz)`);
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
  throw new AppError('USAGE', `unknown format "${name}"; the formats are ${names}`);
}
