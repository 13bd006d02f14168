import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScanEvent } from '../../core/events.ts';
import type { ScanPlan, Unit } from '../../core/plan.ts';
import { formatPorts } from '../../core/ports.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { lines } from '../../import/lines.ts';
import { parseMasscanRecord } from '../../import/masscan/masscan-ndjson.ts';
import { runProgram } from '../external/run-program.ts';
import { familiesOf, targetLines } from '../external/target-lines.ts';
import { completedUnits } from '../external/unit-events.ts';
import type { ScanContext } from '../scanner.ts';
import { masscanOptions } from './masscan-options.ts';

/**
 * Interrupted once, masscan goes on waiting for answers, and prints what it has when it ends: a
 * second time ends it at once. Killed, it would print nothing.
 */
const insistMs = 1_500;
/** How long it may take in all, ms. */
const graceMs = 8_000;

/**
 * Scans with the masscan that the user has installed. It tells of open ports only, so nothing is
 * concluded of all others.
 *
 * @throws AppError USAGE for options that are refused; UNSUPPORTED without masscan or root;
 *   SCANNER_FAILED
 */
export async function* scanWithMasscan(
  config: NetworkScanConfig,
  context: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const words = masscanOptions(config.engine_args);
  const { plan } = context;
  const units = await Array.fromAsync(context.units);
  const startedAt = Date.now();
  // masscan reads targets from files only, and no socket, which is what a pipe of Node.js is.
  const folder = await mkdtemp(join(tmpdir(), 'portolan-masscan-'));
  try {
    const file = join(folder, 'targets');
    await writeFile(file, targetBlocks(plan, units), { mode: 0o600 });
    const args = [...words, '-p', formatPorts(plan.ports), '-oD', '-', '-iL', file];
    const address = plan.addressAt(0);
    yield* readProgram(context, args, { folder, address });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (!context.signal.aborted) yield* completedUnits(context.runId, units, startedAt);
}

/** Every target on a line, a family after the other. */
function* targetBlocks(plan: ScanPlan, units: readonly Unit[]): Generator<string> {
  for (const family of familiesOf(plan)) {
    for (const line of targetLines(plan, units, family)) yield `${line}\n`;
  }
}

async function* readProgram(
  context: ScanContext,
  args: readonly string[],
  { folder, address }: { folder: string; address: string },
): AsyncGenerator<readonly ScanEvent[]> {
  const { progress, runId, signal } = context;
  const hosts = new Set<string>();
  const hint = 'install it (Debian: apt-get install masscan)';
  const stop = { signal, insistMs, graceMs };
  const program = { command: 'masscan', args, lines: [], folder, hint, ...stop };
  const onComplaint = (text: string): boolean => {
    const seconds = Number(overdue.exec(text)?.[1] ?? 0);
    if (seconds > 0 || signal.aborted) wake(address);
    return seconds < mostOverdueSeconds;
  };
  const run = { ...program, onComplaint };
  for await (const found of lines(runProgram(run))) {
    const events: ScanEvent[] = [];
    for (const { text } of found) {
      const read = parseMasscanRecord(text ?? '', { runId, time: timeOrNow });
      // A line that an interrupted masscan left unfinished.
      if (typeof read !== 'string') events.push(...read);
    }
    for (const event of events) {
      if (event.type !== 'scan.port' || event.state !== 'open') continue;
      progress.portsOpen++;
      hosts.add(event.addr);
      context.onOpenPort?.(event.addr, event.port);
    }
    progress.hostsUp = hosts.size;
    if (events.length > 0) yield events;
  }
}

function timeOrNow(given: number | undefined): number {
  return given ?? Date.now();
}

/** How many seconds too long masscan waits already, by what it says of itself. */
const overdue = /waiting -(\d+)-secs(?!.*waiting)/s;
/** After so many, packets that are sent to wake it do not reach it. */
const mostOverdueSeconds = 30;

/**
 * masscan looks at the clock, and whether it was interrupted, when a packet comes: on a network that
 * has fallen silent it waits for ever, and has printed nothing yet. A datagram to a target, which it
 * sees leave, wakes it.
 */
function wake(address: string): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.send('', discardPort, address, () => socket.close());
}

/** Where what arrives is thrown away (RFC 863). */
const discardPort = 9;
