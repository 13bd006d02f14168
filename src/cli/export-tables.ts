import {
  type DataSetCounts,
  type DataSetFormat,
  writeDataSet,
  type WriteDataSetOptions,
} from '../analytics/dataset/write-data-set.ts';
import { writeSqlite } from '../analytics/dataset/write-sqlite.ts';
import type { Store } from '../store/store.ts';
import type { ExportOptions } from './commands/export.ts';
import { type Io, sourceOf, write } from './io.ts';
import { progressLine } from './progress.ts';
import { duration, number } from './text.ts';

/**
 * Writes the tables of the data set of a store, or without one of the file that `from` names, and
 * says on stderr how far it is and how many rows there are.
 */
export async function writeTables(
  io: Io,
  store: Store | undefined,
  options: ExportOptions & { readonly scans?: readonly string[] | undefined },
): Promise<void> {
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
  const counts = await writeAll(io, store, options, common);
  line.clear();
  const rows = Object.entries(counts).map(([table, total]) => `${number(total)} ${table}`);
  const took = duration(Date.now() - started);
  await write(io.stderr, `${output}: ${rows.join(', ')}, in ${took}\n`);
}

async function writeAll(
  io: Io,
  store: Store | undefined,
  { format, output, partition = false, from }: ExportOptions,
  common: Pick<WriteDataSetOptions, 'onProgress' | 'scans' | 'signal'>,
): Promise<DataSetCounts> {
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
  return format === 'sqlite'
    ? writeSqlite(store, { ...common, file: output! })
    : writeDataSet(store, place);
}
