import { readdir, readFile } from 'node:fs/promises';
import { AppError, systemCode } from '../../errors.ts';

const folder = new URL('../../../sql/saved-queries/', import.meta.url);

/** A query with a name. */
export interface SavedQuery {
  readonly name: string;
  /** The first line of its comment. */
  readonly title: string;
  readonly sql: string;
}

/** The queries of `sql/saved-queries/`, by name. */
export async function listSavedQueries(): Promise<SavedQuery[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(files.map((file) => readSavedQuery(file.slice(0, -4))));
}

/** @throws AppError NOT_FOUND */
export async function readSavedQuery(name: string): Promise<SavedQuery> {
  try {
    const sql = await readFile(new URL(`${encodeURIComponent(name)}.sql`, folder), 'utf8');
    const title = /^--\s*(.*)/.exec(sql)?.[1] ?? name;
    return { name, title, sql };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new AppError(
      'NOT_FOUND',
      `there is no saved query "${name}": see "portolan query --list" (text with a space is run as SQL)`,
      { cause: error },
    );
  }
}
