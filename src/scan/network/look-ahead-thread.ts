import { parentPort, workerData } from 'node:worker_threads';
import { epollEngine } from './epoll-engine.ts';
import { loadLibc } from './libc.ts';
import { lookAhead, type LookAheadTask } from './look-ahead.ts';

/** The thread of {@link lookAhead}: one connect at once, on a descriptor of its own. */
async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const engine = epollEngine(await loadLibc(), 1);
  lookAhead(workerData as LookAheadTask, engine);
  engine.close();
  port.postMessage('ended');
}

if (parentPort) await run(parentPort);
