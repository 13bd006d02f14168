import { statSync } from 'node:fs';

/** Another write within this time may not change the file's timestamp. */
const coarseMs = 100;

/** A text that differs after any change of a SQLite file or its write-ahead log. */
export function fileStamp(file: string, now = Date.now()): string {
  const parts = [file, `${file}-wal`].map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.size === 0) return '';
    if (Math.abs(now - found.mtimeMs) < coarseMs) return `now ${now} ${Math.random()}`;
    return `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return parts.join(' ');
}
