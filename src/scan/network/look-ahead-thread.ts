import { parentPort, workerData } from 'node:worker_threads';
import { epollEngine } from './epoll-engine.ts';
import { loadLibc } from './libc.ts';
import { lookAhead, type LookAheadTask } from './look-ahead.ts';

/** The thread of {@link lookAhead}: one connect at a time, on its own descriptor. */
async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const engine = epollEngine(await loadLibc(), 1);
  const task: LookAheadTask = workerData;
  lookAhead(task, engine);
  engine.close();
  port.postMessage('ended');
}

if (parentPort) await run(parentPort);
