import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { type DatabaseSync, openDatabase, storeError } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import {
  beforeFirst,
  blockRows,
  buffersOf,
  type PortBlock,
  portReader,
  type PortRange,
} from './port-block.ts';
import type { PortThreadData, PortThreadMessage } from './port-thread.ts';

/** Up to this many rows, reading them here is cheaper than starting a thread. */
const threadRows = 50_000;

/** Ports being read, in a fixed order. */
export interface PortBlocks extends Disposable {
  /** Total number of ports. */
  readonly rows: number;
  /**
   * Returns the next block, blocking without the event loop; undefined after the last. A block's
   * arrays are valid until the next call.
   */
  next(): PortBlock | undefined;
}

/**
 * The ports of scans in a SQLite store, as columns, as of the moment this resolves. A thread reads
 * large numbers of them.
 *
 * @param ids UUIDs of scans
 * @throws AppError STORE_CORRUPT and other store errors
 */
export async function readSqlitePorts(path: string, ids: readonly string[]): Promise<PortBlocks> {
  const db = openDatabase(path, { readOnly: true });
  try {
    db.exec('BEGIN');
    const { rows, ranges } = plan(db, ids);
    if (rows <= threadRows) return readHere(db, rows, ranges);
    db.close();
    return await readInThread(path, rows, ranges);
  } catch (error) {
    if (db.isOpen) db.close();
    throw storeError(error, path);
  }
}

/**
 * The rows of a scan are mostly adjacent. The table is then read in rowid order, three times as
 * fast as through the index.
 */
function plan(db: DatabaseSync, ids: readonly string[]): { rows: number; ranges: PortRange[] } {
  const jobs = db
    .prepare('SELECT id FROM scan_jobs WHERE uuid IN (SELECT value FROM json_each(?)) ORDER BY id')
    .all<{ id: number }>(JSON.stringify(ids))
    .map(({ id }) => id);
  const list = JSON.stringify(jobs);
  const { rows, first, last } = firstRow(
    db
      .prepare(
        `SELECT count(*) AS rows, min(rowid) AS first, max(rowid) AS last FROM port_scans
     WHERE job_id IN (SELECT value FROM json_each(?))`,
      )
      .all<{ rows: number; first: number | null; last: number | null }>(list),
  );
  if (first === null || last === null) return { rows: 0, ranges: [] };
  if (last - first > rows * 4) {
    return { rows, ranges: jobs.map((job) => ({ job, after: beforeFirst })) };
  }
  const ranges: PortRange[] = [];
  for (let from = first; from <= last; from += blockRows) {
    ranges.push({ first: from, last: Math.min(last, from + blockRows - 1), jobs: list });
  }
  return { rows, ranges };
}

function readHere(db: DatabaseSync, rows: number, ranges: readonly PortRange[]): PortBlocks {
  const read = portReader(db);
  const left = ranges.values();
  let block: PortBlock | undefined;
  return {
    rows,
    next() {
      const range = block?.next ?? left.next().value;
      block = range && read(range, block?.arrays);
      return block;
    },
    [Symbol.dispose]: () => db.close(),
  };
}

async function readInThread(
  path: string,
  rows: number,
  ranges: readonly PortRange[],
): Promise<PortBlocks> {
  const { port1: port, port2: theirs } = new MessageChannel();
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const file = import.meta.url.endsWith('.ts') ? './port-thread.ts' : './port-thread.js';
  const thread = new Worker(new URL(file, import.meta.url), {
    workerData: { path, ranges, port: theirs, counters } satisfies PortThreadData,
    transferList: [theirs],
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  let failure: unknown;
  thread.once('error', (error) => (failure = error));
  const take = (): PortThreadMessage => {
    const message = takeMessage(port, counters);
    if ('error' in message) throw new Error(message.error);
    return message;
  };
  // The thread starts only when the event loop turns.
  await Promise.race([
    new Promise<void>((resolve) => port.once('message', () => resolve())),
    ended.then(() => Promise.reject(failure ?? new Error(`the thread that reads ${path} ended`))),
  ]);
  port.removeAllListeners();
  Atomics.add(counters, 1, 1);
  let block: PortBlock | undefined;
  return {
    rows,
    next() {
      if (block) port.postMessage(block.arrays, buffersOf(block.arrays));
      const message = take();
      block = 'block' in message ? message.block : undefined;
      return block;
    },
    [Symbol.dispose]() {
      Atomics.store(counters, 1, -1);
      Atomics.notify(counters, 1);
      port.close();
      void thread.terminate();
    },
  };
}

/** Waits up to a minute for the thread's next message. */
function takeMessage(
  port: MessagePort,
  counters: Int32Array<SharedArrayBuffer>,
): PortThreadMessage {
  for (;;) {
    const posted = Atomics.load(counters, 0);
    const received = receiveMessageOnPort(port);
    if (received) {
      Atomics.add(counters, 1, 1);
      Atomics.notify(counters, 1);
      const message: PortThreadMessage = received.message;
      return message;
    }
    if (Atomics.wait(counters, 0, posted, threadTimeoutMs) === 'timed-out') {
      return { error: 'the thread that reads ports does not respond' };
    }
  }
}

/** A block takes a few milliseconds; a disk that hangs for longer than this is broken. */
const threadTimeoutMs = 60_000;
