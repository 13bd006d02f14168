import { readdir, readFile } from 'node:fs/promises';
import { AppError, systemCode } from '../../errors.ts';

const folder = new URL('../../../sql/saved-queries/', import.meta.url);

/** A question that is ready to be asked by its name. */
export interface Question {
  readonly name: string;
  /** The first line of its comment. */
  readonly title: string;
  readonly sql: string;
}

/** Every question of `sql/saved-queries/`, by name. */
export async function listQuestions(): Promise<Question[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(files.map((file) => readQuestion(file.slice(0, -4))));
}

/** @throws AppError NOT_FOUND */
export async function readQuestion(name: string): Promise<Question> {
  try {
    const sql = await readFile(new URL(`${encodeURIComponent(name)}.sql`, folder), 'utf8');
    const title = /^--\s*(.*)/.exec(sql)?.[1] ?? name;
    return { name, title, sql };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new AppError(
      'NOT_FOUND',
      `there is no question "${name}": "portolan query --list" names all; SQL has a blank in it`,
      { cause: error },
    );
  }
}
