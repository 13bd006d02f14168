import { closeSync, openSync, readSync, statSync } from 'node:fs';

const beginning = 'SQLite format 3\0';

/**
 * Whether a file is there, can be read, and begins as a SQLite database does. Of anything but a
 * regular file nothing is read: a pipe or a terminal would wait for somebody to write.
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
