import { closeSync, openSync, readSync, statSync } from 'node:fs';

const beginning = 'SQLite format 3\0';

/**
 * Whether a file exists, is readable, and begins like a SQLite database. Only regular files are
 * read, because a pipe or a terminal would block until written to.
 */
export function isSqliteFile(path: string): boolean {
  let descriptor: number;
  try {
    if (!statSync(path).isFile()) return false;
    descriptor = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const head = Buffer.alloc(beginning.length);
    readSync(descriptor, head, 0, head.length, 0);
    return head.toString('latin1') === beginning;
  } finally {
    closeSync(descriptor);
  }
}
