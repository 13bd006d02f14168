import { closeSync, openSync, readSync } from 'node:fs';

const beginning = 'SQLite format 3\0';

/** Whether a file is there, can be read, and begins as a SQLite database does. */
export function isSqliteFile(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const head = Buffer.alloc(beginning.length);
    readSync(descriptor, head, 0, head.length, 0);
    return head.toString('latin1') === beginning;
  } catch {
    // A folder, or what has no beginning to read.
    return false;
  } finally {
    closeSync(descriptor);
  }
}
