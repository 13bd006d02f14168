import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../../../database/driver.ts';
import { messageOf } from '../../../errors.ts';
import {
  buffersOf,
  type PortArrays,
  type PortBlock,
  portReader,
  type PortRange,
} from './port-block.ts';

/** Blocks that may wait for the reader: enough to keep both threads busy, few in memory. */
const ahead = 8;

/** The thread's input. */
export interface PortThreadData {
  readonly path: string;
  readonly ranges: readonly PortRange[];
  /** Sends blocks and receives their arrays back. */
  readonly port: MessagePort;
  /** Counts of messages posted and taken; -1 taken means stop. */
  readonly counters: Int32Array<SharedArrayBuffer>;
}

/** A message of the thread; the last one is `end` or `error`. */
export type PortThreadMessage =
  | { readonly block: PortBlock }
  | { readonly begun: true }
  | { readonly end: true }
  | { readonly error: string };

/**
 * Reads ranges of ports in turn and passes on their columns without copying. Both ends wait on the
 * counters, not on the event loop, because DuckDB requests rows in a call that cannot await a
 * promise.
 */
function run({ path, ranges, port, counters }: PortThreadData): void {
  const post = (message: PortThreadMessage, buffers: ArrayBuffer[] = []): void => {
    port.postMessage(message, buffers);
    Atomics.add(counters, 0, 1);
    Atomics.notify(counters, 0);
  };
  try {
    const db = openDatabase(path, { readOnly: true });
    const read = portReader(db);
    // Rows recorded after this point are not seen, so hosts, which are read later, include every
    // port's.
    db.exec('BEGIN; PRAGMA user_version');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    post({ begun: true });
    for (const first of ranges) {
      for (let range: PortRange | undefined = first; range;) {
        const used: PortArrays | undefined = receiveMessageOnPort(port)?.message;
        const block: PortBlock = read(range, used);
        range = block.next;
        post({ block }, buffersOf(block.arrays));
        if (!waitForRoom(counters)) return;
      }
    }
    db.close();
    post({ end: true });
  } catch (error) {
    post({ error: messageOf(error) });
  }
}

/** @returns false if the reader is gone */
function waitForRoom(counters: Int32Array<SharedArrayBuffer>): boolean {
  for (;;) {
    const taken = Atomics.load(counters, 1);
    if (taken < 0) return false;
    if (Atomics.load(counters, 0) - taken < ahead) return true;
    Atomics.wait(counters, 1, taken);
  }
}

if (workerData) run(workerData);
