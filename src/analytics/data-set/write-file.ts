import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { importers } from '../../import/importers.ts';
import { type ImportSource, readImport } from '../../import/read-import.ts';
import { recordImport } from '../../record/import-recorder.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { withTempFolder } from './temp-folder.ts';
import { type DataSetCounts, writeDataSet, type WriteDataSetOptions } from './write-data-set.ts';
import { writeEventFile } from './write-event-file.ts';

export interface WriteFileOptions extends Omit<WriteDataSetOptions, 'scans' | 'tables'> {
  readonly source: ImportSource;
}

export interface FileDataSet {
  readonly counts: DataSetCounts;
  /** Invalid places in the file. */
  readonly badLines: number;
  /** Whether it is truncated. */
  readonly isTruncated: boolean;
}

/**
 * Writes the data set of a file or stream in any importable format, with the same result as
 * importing it into a temporary store and exporting that.
 *
 * @throws AppError NO_INPUT, INVALID_INPUT, STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function writeFileDataSet(options: WriteFileOptions): Promise<FileDataSet> {
  const { source, folder, signal } = options;
  if ('path' in source && (await isJsonLines(source.path))) {
    const counts = await writeEventFile({ ...options, file: source.path });
    if (counts) return { counts, badLines: 0, isTruncated: false };
  }
  return withTempFolder(folder, async (tempFolder) => {
    await using store = await openSqliteStore(join(tempFolder, 'file.db'), { create: true });
    const chunks = readImport(source, { signal });
    const { badLines, isTruncated } = await recordImport(store, chunks, signal ? { signal } : {});
    return { counts: await writeDataSet(store, options), badLines, isTruncated };
  });
}

/** Whether a file looks like uncompressed Portolan JSON Lines. */
async function isJsonLines(file: string): Promise<boolean> {
  // DuckDB would treat these as a file name pattern.
  if (/[*?[\]]/.test(file)) return false;
  let head: Buffer;
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
    head = buffer.subarray(0, bytesRead);
  } catch {
    // The importer reports what is wrong with it.
    return false;
  }
  return importers.find((importer) => importer.sniff(head))?.name === 'jsonl';
}
