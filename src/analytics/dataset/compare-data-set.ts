import { resolve } from 'node:path';
import { AppError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { dataSetQuery } from './data-set-files.ts';
import type { DuckDb } from './duckdb.ts';
import { withStaging } from './temp-folder.ts';
import { allTables, type DataSetTable, dataSetTableNames } from './tables.ts';
import { withRelations, type WriteDataSetOptions } from './write-data-set.ts';

/** A table in a store and in a folder. */
export interface TableComparison {
  readonly storeRows: number;
  readonly folderRows: number;
  /** Whether both hold the same rows, in whatever order. */
  readonly isEqual: boolean;
}

export type DataSetComparison = Readonly<Record<DataSetTable, TableComparison>>;

/**
 * Compares a data set in a folder with what a store holds of the same scans: by the number of rows,
 * and by sums of two hashes of every row. What is equal may be removed from the store.
 *
 * @param options.scans those that the folder was written of; all by default
 * @throws AppError NO_INPUT where a table is missing in the folder; INVALID_INPUT for a file that
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
  return withStaging(folder, (staging) =>
    withRelations(
      store,
      { ...options, staging, tables: dataSetTableNames },
      async (duck, queries) => {
        const compared: Partial<Record<DataSetTable, TableComparison>> = {};
        for (const table of dataSetTableNames) {
          const query = await dataSetQuery(folder, table);
          if (query === undefined)
            throw new AppError('NO_INPUT', `${folder} has no table "${table}"`);
          const [ours, theirs] = [
            await summarise(duck, table, queries.get(table)!),
            await summarise(duck, table, query),
          ];
          const isEqual = JSON.stringify(ours) === JSON.stringify(theirs);
          compared[table] = { storeRows: ours.rows, folderRows: theirs.rows, isEqual };
        }
        return compared as DataSetComparison;
      },
    ),
  );
}

interface Summary {
  readonly rows: number;
  readonly sum: string;
  readonly other: string;
}

/** Sums do not depend on the order; two of them, of 64 bits each, are not equal by chance. */
async function summarise(duck: DuckDb, table: DataSetTable, query: string): Promise<Summary> {
  const columns = Object.keys(allTables[table]).join(', ');
  const [row] = await duck.rows<Summary>(`
    SELECT count(*) AS rows, ${sumOf('a')} AS sum, ${sumOf('b')} AS other
    FROM (SELECT hash(${columns}) AS a, hash('', ${columns}) AS b FROM (${query}))`);
  return row!;
}

function sumOf(column: string): string {
  return `CAST(coalesce(sum(CAST(${column} AS HUGEINT)), 0) AS VARCHAR)`;
}
