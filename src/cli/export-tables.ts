import type { FileDataSet } from '../analytics/dataset/write-file.ts';
import {
  type DataSetFormat,
  writeDataSet,
  type WriteDataSetOptions,
} from '../analytics/dataset/write-data-set.ts';
import { writeSqlite } from '../analytics/dataset/write-sqlite.ts';
import type { Store } from '../store/store.ts';
import type { ExportOptions } from './commands/export.ts';
import { type Io, partlyRead, sourceOf, write } from './io.ts';
import { progressLine } from './progress.ts';
import { count, duration, number } from './text.ts';

/**
 * Writes the tables of the data set of a store, or without one of the file that `from` names, and
 * says on stderr how far it is, how many rows there are and what could not be read.
 *
 * @returns the exit status
 */
export async function writeTables(
  io: Io,
  store: Store | undefined,
  options: ExportOptions & { readonly scans?: readonly string[] | undefined },
): Promise<number> {
  const { output, scans } = options;
  const started = Date.now();
  let now = 'reading';
  using line = progressLine(io, () => now);
  const common = {
    signal: io.signal,
    ...(scans && { scans }),
    onProgress: (table: string, rows: number, of?: number) => {
      now = `${table}: ${number(rows)}${of === undefined ? '' : ` of ${number(of)}`} read`;
    },
  };
  const { counts, badLines, isTruncated } = await writeAll(io, store, options, common);
  line.clear();
  const rows = Object.entries(counts).map(([table, total]) => `${number(total)} ${table}`);
  const took = duration(Date.now() - started);
  await write(io.stderr, `${output}: ${rows.join(', ')}, in ${took}\n`);
  if (badLines === 0 && !isTruncated) return 0;
  const what = [
    badLines > 0 ? `${count(badLines, 'bad line')}, in the table of errors` : '',
    isTruncated ? 'it breaks off in the middle; what came before is there' : '',
  ];
  await write(io.stderr, `${options.from}: ${what.filter(Boolean).join('; ')}\n`);
  return partlyRead;
}

async function writeAll(
  io: Io,
  store: Store | undefined,
  { format, output, partition = false, from }: ExportOptions,
  common: Pick<WriteDataSetOptions, 'onProgress' | 'scans' | 'signal'>,
): Promise<FileDataSet> {
  const place = {
    ...common,
    folder: output!,
    format: format as DataSetFormat,
    isPartitioned: partition,
  };
  if (!store) {
    const { writeFileDataSet } = await import('../analytics/dataset/write-file.ts');
    return writeFileDataSet({ ...place, source: sourceOf(io, from!) });
  }
  const counts = await (format === 'sqlite'
    ? writeSqlite(store, { ...common, file: output! })
    : writeDataSet(store, place));
  return { counts, badLines: 0, isTruncated: false };
}
