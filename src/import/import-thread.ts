import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { transferables } from '../core/event-batch.ts';
import { AppError, messageOf } from '../errors.ts';
import { readHere, type ThreadMessage, type ThreadTask } from './read-import.ts';

/**
 * Batches that may wait for the recording thread: enough to keep both threads busy, few in memory.
 */
const ahead = 2;

/** The thread of a large import: parses and posts each batch without copying its columns. */
async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const post = (message: ThreadMessage, transfer: ArrayBuffer[]): void =>
    port.postMessage(message, transfer);
  const taken = on(port, 'message');
  let sent = 0;
  try {
    const { path, format }: ThreadTask = workerData;
    for await (const chunk of readHere({ path }, format)) {
      if (sent >= ahead) await taken.next();
      sent++;
      post({ chunk }, transferables(chunk.batch));
    }
    post({ end: true }, []);
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    post({ error: { code, message: messageOf(error) } }, []);
  }
}

if (parentPort) void run(parentPort);
