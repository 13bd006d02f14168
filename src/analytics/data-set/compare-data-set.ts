import { resolve } from 'node:path';
import { AppError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { dataSetQuery } from './data-set-files.ts';
import type { DuckDb } from './duckdb.ts';
import { withTempFolder } from './temp-folder.ts';
import { allTables, type DataSetTable, dataSetTableNames } from './tables.ts';
import { queryOf } from './relations.ts';
import { withRelations, type WriteDataSetOptions } from './write-data-set.ts';

/** One table in a store and in a folder. */
interface TableComparison {
  readonly storeRows: number;
  readonly folderRows: number;
  /** Whether both hold the same rows, in any order. */
  readonly isEqual: boolean;
}

export type DataSetComparison = Readonly<Record<DataSetTable, TableComparison>>;

/**
 * Compares a data set in a folder with the same scans in a store, by row counts and sums of two
 * hashes per row. Equal tables are safe to remove from the store.
 *
 * @param options.scans the scans in the folder; all of the store by default
 * @throws AppError NO_INPUT if a table is missing in the folder; INVALID_INPUT for a file that
 *   cannot be read
 */
export async function compareDataSet(
  store: Store,
  options: Pick<
    WriteDataSetOptions,
    'folder' | 'scans' | 'memoryMegabytes' | 'signal' | 'onProgress'
  >,
): Promise<DataSetComparison> {
  const folder = resolve(options.folder);
  return withTempFolder(folder, (tempFolder) => {
    const read = { ...options, tempFolder, tables: dataSetTableNames };
    return withRelations(store, read, async (duck, queries) => {
      const compared: Partial<Record<DataSetTable, TableComparison>> = {};
      for (const table of dataSetTableNames) {
        const query = await dataSetQuery(folder, table);
        if (query === undefined) {
          throw new AppError('NO_INPUT', `${folder} has no table "${table}"`);
        }
        const ours = await summarize(duck, table, queryOf(queries, table));
        const theirs = await summarize(duck, table, query);
        const isEqual = JSON.stringify(ours) === JSON.stringify(theirs);
        compared[table] = { storeRows: ours.rows, folderRows: theirs.rows, isEqual };
      }
      return compared as DataSetComparison;
    });
  });
}

interface Summary {
  readonly rows: number;
  readonly sum: string;
  readonly other: string;
}

/** Sums do not depend on the order, and two 64-bit sums do not match by chance. */
function summarize(duck: DuckDb, table: DataSetTable, query: string): Promise<Summary> {
  const columns = Object.keys(allTables[table]).join(', ');
  return duck.row<Summary>(`
    SELECT count(*) AS rows, ${sumOf('a')} AS sum, ${sumOf('b')} AS other
    FROM (SELECT hash(${columns}) AS a, hash('', ${columns}) AS b FROM (${query}))`);
}

function sumOf(column: string): string {
  return `CAST(coalesce(sum(CAST(${column} AS HUGEINT)), 0) AS VARCHAR)`;
}
