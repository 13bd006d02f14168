import type { DataSetFormat } from '../analytics/data-set/write-data-set.ts';
import { number, count } from '../core/quantity.ts';
import { formatDuration } from '../core/duration.ts';
import type { Store } from '../store/store.ts';
import { type Io, partlyRead, sourceOf, write } from './io.ts';
import { progressLine } from './progress.ts';

/** Where tables are read from: a store, or a file that `import` reads. */
type TableSource =
  | { readonly store: Store; readonly scans: readonly string[] | undefined }
  | { readonly file: string };

/** Where the tables go: a folder with one file per table, or one SQLite file. */
export type TablePlace =
  | { readonly folder: string; readonly format: DataSetFormat; readonly isPartitioned: boolean }
  | { readonly sqlite: string };

interface Written {
  readonly counts: Readonly<Record<string, number>>;
  readonly badLines?: number;
  readonly isTruncated?: boolean;
}

/**
 * Writes the tables of the data set. Progress, row counts and what could not be read go to stderr.
 *
 * @returns the exit status
 */
export async function writeTables(io: Io, source: TableSource, place: TablePlace): Promise<number> {
  const started = Date.now();
  let now = 'reading';
  using line = progressLine(io, () => now);
  const common = {
    signal: io.signal,
    ...('scans' in source && source.scans && { scans: source.scans }),
    onProgress: (table: string, rows: number, of?: number) => {
      now = `${table}: ${number(rows)}${of === undefined ? '' : ` of ${number(of)}`} read`;
    },
  };
  const { counts, badLines = 0, isTruncated = false } = await writeAll(io, source, place, common);
  line.clear();
  const rows = Object.entries(counts).map(([table, total]) => `${number(total)} ${table}`);
  const took = formatDuration(Date.now() - started);
  const name = 'sqlite' in place ? place.sqlite : place.folder;
  await write(io.stderr, `${name}: ${rows.join(', ')}, in ${took}\n`);
  if (badLines === 0 && !isTruncated) return 0;
  const what = [
    badLines > 0 ? `${count(badLines, 'bad line')}, in the table of errors` : '',
    isTruncated ? 'it ends in the middle; everything before that was written' : '',
  ];
  const file = 'file' in source ? source.file : name;
  await write(io.stderr, `${file}: ${what.filter(Boolean).join('; ')}\n`);
  return partlyRead;
}

async function writeAll(
  io: Io,
  source: TableSource,
  place: TablePlace,
  common: { readonly signal: AbortSignal; readonly scans?: readonly string[] },
): Promise<Written> {
  if ('sqlite' in place) {
    if ('file' in source) throw new TypeError('a file is not written as SQLite');
    const { writeSqlite } = await import('../analytics/data-set/write-sqlite.ts');
    return { counts: await writeSqlite(source.store, { ...common, file: place.sqlite }) };
  }
  if ('file' in source) {
    const { writeFileDataSet } = await import('../analytics/data-set/write-file.ts');
    return writeFileDataSet({ ...common, ...place, source: sourceOf(io, source.file) });
  }
  const { writeDataSet } = await import('../analytics/data-set/write-data-set.ts');
  return { counts: await writeDataSet(source.store, { ...common, ...place }) };
}
