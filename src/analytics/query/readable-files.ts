import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { type DuckDb, literal } from '../data-set/duckdb.ts';
import { isInColumnCache } from './column-cache.ts';

/**
 * The files that patterns match, and the patterns themselves. A pattern that matches a file outside
 * the folder, links followed, or in a column cache is left out with all its files.
 */
export async function readableFiles(
  duck: DuckDb,
  patterns: readonly string[],
  folder: string,
): Promise<string[]> {
  const root = realPath(folder);
  const isReadable = (file: string): boolean => {
    const real = realPath(file);
    if (root === undefined || real === undefined) return false;
    return isInside(real, root) && !isInColumnCache(real);
  };
  const readable: string[] = [];
  const match = async (pattern: string): Promise<boolean> => {
    const matches = await duck.rows<{ file: string }>(`FROM glob(${literal(pattern)})`);
    const files = matches.map(({ file }) => file);
    const isAllowed =
      files.length === 0 ? isInside(resolve(pattern), resolve(folder)) : files.every(isReadable);
    if (isAllowed) readable.push(pattern, ...files);
    return files.length > 0;
  };
  for (const pattern of new Set(patterns)) {
    if (await match(pattern)) continue;
    // DuckDB tries it as a folder.
    for (const type of ['csv', 'json', 'parquet']) await match(`${pattern}/**/*.${type}`);
  }
  return readable;
}

/** Undefined for a link to nothing. */
function realPath(file: string): string | undefined {
  try {
    // Unlike realpathSync(), it follows a link before the ".." behind it, as reading does.
    return realpathSync.native(file);
  } catch {
    return undefined;
  }
}

export function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
