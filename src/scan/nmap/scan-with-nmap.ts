import { tmpdir } from 'node:os';
import type { ScanEvent, ScanHost } from '../../core/events.ts';
import { portScope } from '../../core/scope.ts';
import type { ScanPlan } from '../../core/plan.ts';
import { formatPorts } from '../../core/ports.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { isRecordedByDefault } from '../../core/states.ts';
import { newNmapRun, type NmapSink } from '../../import/nmap/run-events.ts';
import { collectedElements } from '../../import/nmap/nmap-xml.ts';
import { XmlStream } from '../../import/nmap/xml-stream.ts';
import type { XmlElement } from '../../import/nmap/xml-tree.ts';
import { runProgram } from '../external/run-program.ts';
import { familiesOf, targetLines } from '../external/target-lines.ts';
import { completedUnits } from '../external/unit-events.ts';
import type { ScanContext } from '../scanner.ts';
import { assertPrivileged, type NmapOptions, nmapOptions } from './nmap-options.ts';

/** How long nmap may take to end when it is interrupted, ms. */
const graceMs = 3_000;

/**
 * Scans with the nmap that the user has installed, and reads its XML while it runs: a batch
 * whenever it has told of hosts. nmap takes all targets at once, so the units of the job are done
 * when it is; a scan that was stopped keeps what nmap told of, and begins again when it is resumed.
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
  const { plan } = context;
  const units = await Array.fromAsync(context.units);
  const startedAt = Date.now();
  for (const family of familiesOf(plan)) {
    const args = nmapArgs(config, options, { plan, family });
    const lines = targetLines(plan, units, family);
    yield* readProgram({ config, context, plan }, args, lines);
    if (context.signal.aborted) return;
  }
  yield* completedUnits(context.runId, units, startedAt);
}

function nmapArgs(
  config: NetworkScanConfig,
  options: NmapOptions,
  { plan, family }: { plan: ScanPlan; family: 4 | 6 },
): string[] {
  const { tcp, udp } = plan.ports;
  const ports = formatPorts({ tcp: options.tcp ? tcp : [], udp: options.udp ? udp : [] });
  // Where a list begins with UDP ports, nmap takes the prefix as well.
  const named = options.tcp && options.udp ? `T:${ports}` : ports;
  return [
    ...options.words,
    ...(options.isDiscovery ? [] : ['-p', named]),
    ...(family === 6 ? ['-6'] : []),
    ...(config.assume_up === 'all' ? ['-Pn'] : []),
    ...(config.reverse_dns ? [] : ['-n']),
    '--noninteractive',
    '--stats-every',
    '1s',
    '-oX',
    '-',
    '-iL',
    '-',
  ];
}

interface Reading {
  readonly config: NetworkScanConfig;
  readonly context: ScanContext;
  readonly plan: ScanPlan;
}

async function* readProgram(
  reading: Reading,
  args: readonly string[],
  lines: Iterable<string>,
): AsyncGenerator<readonly ScanEvent[]> {
  const { context } = reading;
  const found: ScanEvent[] = [];
  const sink = sinkOf(reading, found);
  let run: ReturnType<typeof newNmapRun> | undefined;
  const stream = new XmlStream(collectedElements, {
    open(element) {
      if (element.name === 'nmaprun') run = newNmapRun(element, sink);
      else if (element.name === 'taskprogress') reportTask(reading, element);
      else run?.take(element);
    },
    element: (element) => run?.take(element),
    fault: () => undefined, // an interrupted nmap leaves its XML open
  });
  const decoder = new TextDecoder();
  const hint = 'install it (Debian: apt-get install nmap), see https://nmap.org';
  const { signal } = context;
  const program = { command: 'nmap', args, lines, signal, folder: tmpdir(), hint, graceMs };
  for await (const chunk of runProgram(program)) {
    stream.write(decoder.decode(chunk, { stream: true }));
    if (found.length > 0) yield found.splice(0);
  }
  if (found.length > 0) yield found.splice(0);
}

function reportTask({ context, plan }: Reading, { attributes }: XmlElement): void {
  const { progress } = context;
  const percent = Number(attributes['percent'] ?? 0);
  progress.task = `${attributes['task'] ?? ''} ${percent.toFixed(0)}%`;
  const perHost = plan.hostCount === 0 ? 0 : plan.probeCount / plan.hostCount;
  progress.probesDone = Math.max(progress.probesDone, progress.hostsDone * perHost);
}

/** Takes the events of nmap's XML as those of this job. */
function sinkOf({ config, context, plan }: Reading, found: ScanEvent[]): NmapSink {
  const { progress, runId } = context;
  const perHost = plan.hostCount === 0 ? 0 : plan.probeCount / plan.hostCount;
  return {
    isWhole: true,
    lastTime: 0,
    skip: () => undefined,
    fault(message) {
      const at = { scope: 'nmap', code: 'INVALID_XML', t: Date.now() };
      found.push({ type: 'run.error', run_id: runId, ...at, message });
    },
    addHost(events) {
      for (const event of config.record_all ? events : folded(events)) {
        found.push({ ...event, run_id: runId });
      }
      for (const event of events) {
        if (event.type === 'scan.host') nameHost(event);
        if (event.type !== 'scan.port' || event.state !== 'open') continue;
        progress.portsOpen++;
        if (event.transport === 'tcp') context.onOpenPort?.(event.addr, event.port);
      }
      progress.hostsDone++;
      progress.probesDone = progress.hostsDone * perHost;
    },
    add(event) {
      if (event.type === 'run.error') found.push({ ...event, run_id: runId });
    },
  };

  function nameHost(host: ScanHost): void {
    if (host.state === 'up') progress.hostsUp++;
    const given = config.hostnames[host.addr];
    const at = found.findLast((event) => event.type === 'scan.host' && event.addr === host.addr);
    if (given !== undefined && at?.type === 'scan.host') at.hostname = given;
  }
}

/** Ports that are not kept one by one are counted, as those that nmap itself does not list. */
function folded(events: readonly ScanEvent[]): readonly ScanEvent[] {
  const counts = new Map<string, NonNullable<ScanHost['not_shown']>[number]>();
  const dropped = new Set<string>();
  for (const event of events) {
    if (event.type !== 'scan.port' || isRecordedByDefault(event.state)) continue;
    const { transport, state, reason = 'unknown' } = event;
    const group = counts.get(`${transport} ${state} ${reason}`);
    counts.set(`${transport} ${state} ${reason}`, {
      transport,
      state,
      reason,
      count: (group?.count ?? 0) + 1,
    });
    dropped.add(portScope(event.addr, transport, event.port));
  }
  if (dropped.size === 0) return events;
  return events.flatMap((event): ScanEvent[] => {
    if (event.type === 'scan.host') {
      return [{ ...event, not_shown: [...(event.not_shown ?? []), ...counts.values()] }];
    }
    if (event.type !== 'scan.port') return [event];
    return dropped.has(portScope(event.addr, event.transport, event.port)) ? [] : [event];
  });
}
