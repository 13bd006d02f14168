import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../../database/driver.ts';
import { messageOf } from '../../errors.ts';
import { type PortBlock, portReader, type PortRange } from './port-block.ts';

/** What the thread posts for each range that it is sent. */
export type PortThreadMessage = { readonly block: PortBlock } | { readonly error: string };

/** Reads ranges of ports, one after the other, and hands their columns on without copying. */
function run(port: NonNullable<typeof parentPort>): void {
  const db = openDatabase((workerData as { path: string }).path, { readOnly: true });
  const read = portReader(db);
  port.on('message', (range: PortRange) => {
    try {
      const block = read(range);
      const buffers = [...block.numbers, ...block.codes].map(({ buffer }) => buffer);
      port.postMessage({ block } satisfies PortThreadMessage, buffers);
    } catch (error) {
      port.postMessage({ error: messageOf(error) } satisfies PortThreadMessage, []);
    }
  });
}

if (parentPort) run(parentPort);
