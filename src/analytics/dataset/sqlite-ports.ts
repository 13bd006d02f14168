import { Worker } from 'node:worker_threads';
import { type DatabaseSync, openDatabase, storeError } from '../../database/driver.ts';
import {
  beforeFirst,
  blockRows,
  type PortBlock,
  portReader,
  type PortRange,
} from './port-block.ts';
import type { PortThreadMessage } from './port-thread.ts';

/** Up to so many rows, reading them at once is cheaper than starting threads. */
const threadRows = 200_000;
/** More did not help where DuckDB writes at the same time. */
const threadCount = 2;

/** Ports to read: how many, and their blocks in a fixed order. */
export interface PortBlocks {
  readonly rows: number;
  readonly blocks: AsyncGenerator<PortBlock>;
}

/**
 * The ports of scans out of a SQLite store, as columns. Large ones are read by threads, with
 * connections of their own.
 *
 * @param ids UUIDs of scans
 * @throws AppError STORE_CORRUPT and others of the store
 */
export function readSqlitePorts(
  path: string,
  ids: readonly string[],
  signal?: AbortSignal,
): PortBlocks {
  const db = openDatabase(path, { readOnly: true });
  try {
    db.exec('PRAGMA busy_timeout = 30000');
    const { rows, ranges } = plan(db, ids);
    const isSmall = rows <= threadRows;
    if (!isSmall) db.close();
    const blocks = isSmall ? readHere(db, ranges, signal) : readInThreads(path, ranges, signal);
    return { rows, blocks };
  } catch (error) {
    db.close();
    throw storeError(error, path);
  }
}

/**
 * Rows of scans mostly stand one behind the other: then the table is read in its order, which is
 * three times as fast as through the index.
 */
function plan(db: DatabaseSync, ids: readonly string[]): { rows: number; ranges: PortRange[] } {
  const jobs = db
    .prepare('SELECT id FROM scan_jobs WHERE uuid IN (SELECT value FROM json_each(?)) ORDER BY id')
    .all(JSON.stringify(ids))
    .map(({ id }) => Number(id));
  const list = JSON.stringify(jobs);
  const { rows, first, last } = db
    .prepare(
      `SELECT count(*) AS rows, min(rowid) AS first, max(rowid) AS last FROM port_scans
       WHERE job_id IN (SELECT value FROM json_each(?))`,
    )
    .get(list) as { rows: number; first: number | null; last: number | null };
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

async function* readHere(
  db: DatabaseSync,
  ranges: readonly PortRange[],
  signal: AbortSignal | undefined,
): AsyncGenerator<PortBlock> {
  try {
    const read = portReader(db);
    for (const range of ranges) {
      for (let at: PortRange | undefined = range; at;) {
        signal?.throwIfAborted();
        const block: PortBlock = read(at);
        yield block;
        at = block.next;
      }
    }
  } finally {
    db.close();
  }
}

/** Each thread has one range in hand and one waiting; blocks come out in the order of the ranges. */
async function* readInThreads(
  path: string,
  ranges: readonly PortRange[],
  signal: AbortSignal | undefined,
): AsyncGenerator<PortBlock> {
  const threads = Array.from({ length: threadCount }, () => startThread(path));
  const waiting: Promise<PortBlock>[] = [];
  try {
    let sent = 0;
    const send = (): void => {
      const range = ranges[sent];
      if (range) waiting.push(threads[sent++ % threadCount]!.read(range));
    };
    for (let i = 0; i < threadCount * 2; i++) send();
    for (let taken = 0; taken < ranges.length; taken++) {
      const thread = threads[taken % threadCount]!;
      let block = await waiting.shift()!;
      for (;;) {
        signal?.throwIfAborted();
        yield block;
        if (!block.next) break;
        block = await thread.read(block.next);
      }
      send();
    }
  } finally {
    await Promise.all(threads.map(({ end }) => end()));
    await Promise.allSettled(waiting);
  }
}

interface PortThread {
  readonly read: (range: PortRange) => Promise<PortBlock>;
  readonly end: () => Promise<unknown>;
}

function startThread(path: string): PortThread {
  const file = import.meta.url.endsWith('.ts') ? './port-thread.ts' : './port-thread.js';
  const thread = new Worker(new URL(file, import.meta.url), {
    workerData: { path },
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  // Answers come in the order of the ranges.
  const answers: ((message: PortThreadMessage) => void)[] = [];
  const failures: ((error: unknown) => void)[] = [];
  thread.on('message', (message: PortThreadMessage) => {
    failures.shift();
    answers.shift()?.(message);
  });
  const fail = (error: unknown): void => {
    for (const reject of failures.splice(0)) reject(error);
  };
  thread.on('error', fail);
  thread.on('exit', () => fail(new Error(`a thread that read ${path} ended early`)));
  return {
    read: (range) => {
      const answer = new Promise<PortThreadMessage>((resolve, reject) => {
        answers.push(resolve);
        failures.push(reject);
        thread.postMessage(range, []);
      });
      const block = answer.then((message) => {
        if ('error' in message) throw new Error(message.error);
        return message.block;
      });
      // It is awaited in its turn; until then a failure is not unhandled.
      block.catch(() => undefined);
      return block;
    },
    end: () => thread.terminate(),
  };
}
