import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { StoreDatabase } from '../../store/store.ts';
import { storedEvents } from '../../store/export/events.ts';
import { exportEvents } from '../export-events.ts';

/**
 * Writes every event of a scan as compressed JSON Lines and reads the file back.
 *
 * @returns the number of events, and whether the file holds what was written
 */
export async function writeEvents(
  db: StoreDatabase,
  scan: string,
  path: string,
): Promise<{ events: number; isSame: boolean }> {
  const written = createHash('sha256');
  let events = 0;
  const lines = async function* (): AsyncGenerator<Buffer> {
    for await (const text of exportEvents(storedEvents(db, [scan]), 'jsonl')) {
      const bytes = Buffer.from(text);
      written.update(bytes);
      events += bytes.reduce((sum, byte) => sum + Number(byte === 10), 0);
      yield bytes;
    }
  };
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await pipeline(Readable.from(lines()), createGzip(), file);
  const read = createHash('sha256');
  await pipeline(createReadStream(path), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) read.update(chunk);
  });
  return { events, isSame: written.digest('hex') === read.digest('hex') };
}
