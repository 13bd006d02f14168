import { tmpdir } from 'node:os';
import type { NotShown, ScanEvent } from '../../core/events.ts';
import { formatPorts } from '../../core/ports.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { isRecordedByDefault } from '../../core/states.ts';
import { newNmapRun, type NmapSink } from '../../import/nmap/run-events.ts';
import { collectedElements } from '../../import/nmap/nmap-xml.ts';
import { XmlStream } from '../../import/nmap/xml-stream.ts';
import { runProgram } from '../external/run-program.ts';
import { familiesOf, targetLines } from '../external/target-lines.ts';
import { completedUnits } from '../external/unit-events.ts';
import type { ScanContext } from '../scanner.ts';
import { assertPrivileged, type NmapOptions, nmapOptions } from './nmap-options.ts';

/** How long nmap may take to end when it is interrupted, ms. */
const graceMs = 3_000;
const hint = 'install it (Debian: apt-get install nmap), see https://nmap.org';

/**
 * Scans with the installed nmap, and reads its XML while it runs: a batch whenever it has reported
 * hosts. nmap takes all targets at once, so the units of the scan end when it does; a scan that was
 * stopped keeps what nmap has reported, and starts again when it is resumed.
 *
 * @throws AppError USAGE for options that are refused; UNSUPPORTED without nmap, or without the
 *   privilege that its options need; SCANNER_FAILED
 */
export async function* scanWithNmap(
  config: NetworkScanConfig,
  context: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const options = nmapOptions(config.engine_args);
  assertPrivileged(options);
  const { plan, signal } = context;
  const units = await Array.fromAsync(context.units);
  const startedAt = Date.now();
  for (const family of familiesOf(plan)) {
    const args = [...options.words, ...scopeArgs(config, options, { context, family })];
    const lines = targetLines(plan, units, family);
    const run = { command: 'nmap', args, lines, signal, folder: tmpdir(), hint, graceMs };
    yield* readXml(runProgram(run), config, context);
    if (signal.aborted) return;
  }
  yield* completedUnits(context.runId, units, startedAt);
}

function scopeArgs(
  config: NetworkScanConfig,
  options: NmapOptions,
  { context, family }: { context: ScanContext; family: 4 | 6 },
): string[] {
  const { tcp, udp } = context.plan.ports;
  const ports = formatPorts({ tcp: options.tcp ? tcp : [], udp: options.udp ? udp : [] });
  // nmap reads the prefix of a list that begins with UDP ports as well.
  const named = options.tcp && options.udp ? `T:${ports}` : ports;
  return [
    ...(options.isDiscovery ? [] : ['-p', named]),
    ...(family === 6 ? ['-6'] : []),
    ...(config.assume_up === 'all' ? ['-Pn'] : []),
    ...(config.reverse_dns ? [] : ['-n']),
    ...'--noninteractive --stats-every 1s -oX - -iL -'.split(' '),
  ];
}

/** The events of nmap's XML as it arrives, with its progress. */
async function* readXml(
  chunks: AsyncIterable<Buffer>,
  config: NetworkScanConfig,
  context: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const { progress, plan } = context;
  const found: ScanEvent[] = [];
  const sink = newSink(config, context, found);
  let run: ReturnType<typeof newNmapRun> | undefined;
  const stream = new XmlStream(collectedElements, {
    open(element) {
      const { name, attributes } = element;
      if (name === 'nmaprun') run = newNmapRun(element, sink);
      else if (name !== 'taskprogress') run?.take(element);
      else progress.task = taskText(attributes);
    },
    element: (element) => run?.take(element),
    fault: () => undefined, // an interrupted nmap leaves its XML open
  });
  const decoder = new TextDecoder();
  const perHost = plan.hostCount === 0 ? 0 : plan.probeCount / plan.hostCount;
  for await (const chunk of chunks) {
    stream.write(decoder.decode(chunk, { stream: true }));
    progress.probesDone = progress.hostsDone * perHost;
    if (found.length > 0) yield found.splice(0);
  }
}

function taskText({ task = '', percent = '0' }: Readonly<Record<string, string>>): string {
  return `${task} ${Number(percent).toFixed(0)}%`;
}

/** Collects the events of nmap's XML as those of this scan. */
function newSink(
  { record_all: recordAll, hostnames }: NetworkScanConfig,
  { progress, runId, onOpenPort }: ScanContext,
  found: ScanEvent[],
): NmapSink {
  return {
    isWhole: true,
    lastTime: 0,
    skip: () => undefined,
    fault(message) {
      const at = { scope: 'nmap', code: 'INVALID_XML', t: Date.now() };
      found.push({ type: 'run.error', run_id: runId, ...at, message });
    },
    addHost(events) {
      progress.hostsDone++;
      for (const event of recordAll ? events : foldClosed(events)) {
        const hostname = event.type === 'scan.host' ? hostnames[event.addr] : undefined;
        found.push({ ...event, run_id: runId, ...(hostname === undefined ? {} : { hostname }) });
      }
      for (const event of events) {
        if (event.type === 'scan.host' && event.state === 'up') progress.hostsUp++;
        if (event.type !== 'scan.port' || event.state !== 'open') continue;
        progress.portsOpen++;
        if (event.transport === 'tcp') onOpenPort?.(event.addr, event.port);
      }
    },
    add(event) {
      if (event.type === 'run.error') found.push({ ...event, run_id: runId });
    },
  };
}

/** Counts the ports of a host that get no row, as nmap itself counts those that it does not list. */
function foldClosed(events: readonly ScanEvent[]): readonly ScanEvent[] {
  const counts = new Map<string, NotShown>();
  const shown: ScanEvent[] = [];
  for (const event of events) {
    if (event.type !== 'scan.port' || isRecordedByDefault(event.state)) {
      shown.push(event);
      continue;
    }
    const { transport, state, reason = 'unknown' } = event;
    const key = `${transport} ${state} ${reason}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { transport, state, reason, count });
  }
  if (counts.size === 0) return events;
  return shown.map((event) =>
    event.type === 'scan.host'
      ? { ...event, not_shown: [...(event.not_shown ?? []), ...counts.values()] }
      : event,
  );
}
