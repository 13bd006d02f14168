import { AppError } from '../errors.ts';
import type { Importer } from './importer.ts';
import { portolanJsonl } from './jsonl.ts';

/** Every format that is read. */
export const importers: readonly Importer[] = [portolanJsonl];

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
