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
 * Interrupted once, masscan keeps waiting for answers, and prints what it has when it ends; a second
 * interrupt ends it at once. Killed, it would print nothing.
 */
const insistMs = 1_500;
/** How long it may take in all, ms. */
const graceMs = 8_000;
const hint = 'install it (Debian: apt-get install masscan)';

/**
 * Scans with the installed masscan. It reports open ports only, so nothing is concluded about the
 * others.
 *
 * @throws AppError USAGE for options that are refused; UNSUPPORTED without masscan or root;
 *   SCANNER_FAILED
 */
export async function* scanWithMasscan(
  config: NetworkScanConfig,
  context: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const words = masscanOptions(config.engine_args);
  const { plan, signal } = context;
  const units = await Array.fromAsync(context.units);
  const startedAt = Date.now();
  // masscan reads targets from files only, and not from a socket, which is what Node's pipes are.
  const folder = await mkdtemp(join(tmpdir(), 'portolan-masscan-'));
  try {
    const file = join(folder, 'targets');
    await writeFile(file, targetText(plan, units), { mode: 0o600 });
    const args = [...words, '-p', formatPorts(plan.ports), '-oD', '-', '-iL', file];
    const onComplaint = (text: string): boolean => {
      const seconds = Number(overdue.exec(text)?.[1] ?? 0);
      if (seconds > 0 || signal.aborted) wake(plan.addressAt(0));
      return seconds < mostOverdueSeconds;
    };
    const stop = { signal, insistMs, graceMs, onComplaint };
    const run = { command: 'masscan', args, lines: [], folder, hint, ...stop };
    yield* readRecords(runProgram(run), context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (!signal.aborted) yield* completedUnits(context.runId, units, startedAt);
}

/** Every target on a line, one family after the other. */
function* targetText(plan: ScanPlan, units: readonly Unit[]): Generator<string> {
  for (const family of familiesOf(plan)) {
    for (const line of targetLines(plan, units, family)) yield `${line}\n`;
  }
}

/** The events of masscan's JSON Lines as they arrive. */
async function* readRecords(
  chunks: AsyncIterable<Buffer>,
  { progress, runId, onOpenPort }: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const hosts = new Set<string>();
  for await (const found of lines(chunks)) {
    const events = found.flatMap(({ text }) => {
      const read = parseMasscanRecord(text ?? '', { runId, time: timeOrNow });
      // A text is an error, as of a line that an interrupted masscan left unfinished.
      return typeof read === 'string' ? [] : read;
    });
    for (const event of events) {
      if (event.type !== 'scan.port' || event.state !== 'open') continue;
      progress.portsOpen++;
      hosts.add(event.addr);
      onOpenPort?.(event.addr, event.port);
    }
    progress.hostsUp = hosts.size;
    if (events.length > 0) yield events;
  }
}

function timeOrNow(given: number | undefined): number {
  return given ?? Date.now();
}

/** How many seconds too long masscan has waited, by its own report. */
const overdue = /waiting -(\d+)-secs(?!.*waiting)/s;
/** After so many, packets that are sent to wake it do not reach it. */
const mostOverdueSeconds = 30;
/** Where what arrives is thrown away (RFC 863). */
const discardPort = 9;

/**
 * masscan checks the clock, and whether it was interrupted, when a packet arrives: on a silent network
 * it waits forever, and has printed nothing yet. A datagram to a target, which it sees leave, wakes
 * it.
 */
function wake(address: string): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.send('', discardPort, address, () => socket.close());
}
