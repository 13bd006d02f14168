import type { App } from '../app.ts';
import { type DataSetFormat, writeDataSet } from '../analytics/dataset/write-data-set.ts';
import { writeSqlite } from '../analytics/dataset/write-sqlite.ts';
import type { ExportOptions } from './commands/export.ts';
import { type Io, write } from './io.ts';
import { progressLine } from './progress.ts';
import { duration, number } from './text.ts';

/** Writes the tables of the data set, and says on stderr how far it is and how many rows there are. */
export async function writeTables(
  io: Io,
  { store }: App,
  options: ExportOptions & { readonly scans: readonly string[] | undefined },
): Promise<void> {
  const { output, scans, partition = false } = options;
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
  const counts =
    options.format === 'sqlite'
      ? await writeSqlite(store, { ...common, file: output! })
      : await writeDataSet(store, {
          ...common,
          folder: output!,
          format: options.format as DataSetFormat,
          isPartitioned: partition,
        });
  line.clear();
  const rows = Object.entries(counts).map(([table, total]) => `${number(total)} ${table}`);
  const took = duration(Date.now() - started);
  await write(io.stderr, `${output}: ${rows.join(', ')}, in ${took}\n`);
}
