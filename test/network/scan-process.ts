import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RunError, ScanHost, ScanPort } from '../../src/core/events.ts';
import type { ScanProgress } from '../../src/scan/scanner.ts';
import type { Namespace } from './namespace.ts';

/** What `run-scan.ts` prints. */
export interface ScanResult {
  readonly open: readonly string[];
  readonly hosts: readonly ScanHost[];
  readonly others: readonly (ScanPort | RunError)[];
  readonly progress: ScanProgress;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

export const runScanPath = fileURLToPath(new URL('run-scan.ts', import.meta.url));
const listenPath = fileURLToPath(new URL('listen.ts', import.meta.url));

/** Scans inside a namespace, in a process of its own. */
export function scanInside(
  namespace: Namespace,
  config: Record<string, unknown>,
  ...modes: readonly ('counts' | 'hog')[]
): ScanResult {
  const output = namespace.run(process.execPath, [runScanPath, JSON.stringify(config), ...modes]);
  return JSON.parse(output) as ScanResult;
}

/** Listens on ports inside a namespace, on all of its addresses; UDP ports echo. */
export async function listenInside(
  namespace: Namespace,
  ports: string,
  datagramPorts = '',
): Promise<void> {
  const child = namespace.start(process.execPath, [listenPath, '::', ports, datagramPorts]);
  const [line] = (await once(createInterface(child.stdout as Readable), 'line')) as [string];
  if (line !== 'ready') throw new Error(`the listener said "${line}"`);
}
