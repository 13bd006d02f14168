import { createHash } from 'node:crypto';
import type { RunFinish, ScanEvent } from '../../core/events.ts';
import { parsePorts } from '../../core/ports.ts';
import { asWord } from '../json-object.ts';
import { transports } from '../../core/states.ts';
import { hostEvents } from './host-events.ts';
import { attribute, childOf, childrenOf, countOf, timeOf, type XmlElement } from './xml-tree.ts';

/** Reads an nmap document element by element. */
export interface NmapRun {
  take(element: XmlElement): void;
  /** Ends the document. */
  end(): void;
  /** Whether the document contained the end of the scan. */
  readonly isFinished: boolean;
}

/** Receives the events of a document. */
export interface NmapSink {
  /** @param length approximate size of the event in characters */
  add(event: ScanEvent, length: number): void;
  /** The events of one host, all together. */
  addHost(events: readonly ScanEvent[]): void;
  /** Called with parts without a table. */
  skip(kind: string): void;
  /** Called with invalid parts. */
  fault(message: string): void;
  /** Whether everything so far was valid. */
  readonly isWhole: boolean;
  /** Epoch ms of the latest event. */
  readonly lastTime: number;
}

interface RunState {
  readonly root: XmlElement;
  readonly sink: NmapSink;
  readonly startedAt: number;
  /** `protocol` → `services` of its `scaninfo`. */
  readonly scanned: Map<string, string>;
  runId: string | undefined;
  hostCount: number;
  isFinished: boolean;
}

/** The run of an `nmaprun` element. */
export function newNmapRun(root: XmlElement, sink: NmapSink): NmapRun {
  const state: RunState = {
    root,
    sink,
    startedAt: timeOf(root, 'start') ?? 0,
    scanned: new Map(),
    runId: undefined,
    hostCount: 0,
    isFinished: false,
  };
  return {
    take: (element) => takers[element.name]?.(state, element),
    end: () => void begin(state),
    get isFinished() {
      return state.isFinished;
    },
  };
}

const takers: Readonly<Record<string, (state: RunState, element: XmlElement) => void>> = {
  scaninfo(state, element) {
    const protocol = element.attributes['protocol'] ?? '';
    const services = element.attributes['services'] ?? '';
    if (services !== '') state.scanned.set(protocol, services);
  },
  target: takeTarget,
  host: takeHost,
  runstats: takeEnd,
  prescript: ({ sink }) => sink.skip('nmap prescript'),
  postscript: ({ sink }) => sink.skip('nmap postscript'),
};

/**
 * Emits the run's start at the first element in it: only then is its coverage known, and a masscan
 * document has nothing else to identify it.
 */
function begin(state: RunState, first?: XmlElement): string {
  if (state.runId !== undefined) return state.runId;
  const { root, sink, startedAt } = state;
  const { args = '', version = '', scanner = 'nmap' } = root.attributes;
  const distinct = [scanner, String(startedAt), args, args === '' ? JSON.stringify(first) : ''];
  const digest = createHash('sha256').update(distinct.join('\n')).digest('hex');
  const runId = `${scanner.slice(0, 40)}-${digest.slice(0, 20)}`;
  state.runId = runId;
  const ports = portsOf(state);
  sink.add(
    {
      type: 'run.start',
      run_id: runId,
      t: startedAt,
      tool_version: `${scanner} ${version}`.trim(),
      args: args === '' ? [] : [args],
      scan_type: 'nmap-xml',
      config: ports === undefined ? {} : { covers: 'listed', ports },
      coverage: ports === undefined ? {} : { ports },
    },
    args.length,
  );
  return runId;
}

/** The ports scanned on each host, as a port list; undefined if the document does not say. */
function portsOf({ scanned }: RunState): string | undefined {
  const tcp = scanned.get('tcp');
  const udp = scanned.get('udp');
  const text = [tcp, udp === undefined ? undefined : `U:${udp}`].filter(Boolean).join(',');
  if (text === '') return undefined;
  try {
    // nmap can scan port 0, which Portolan's port lists do not allow.
    const list = text.replace(/(?<=^|,|:)0(,|$)/, '').replace(/(?<=^|,|:)0-/, '1-');
    parsePorts(list);
    return list;
  } catch {
    return undefined;
  }
}

function takeHost(state: RunState, host: XmlElement): void {
  const { sink, startedAt, scanned } = state;
  const runId = begin(state, host);
  const [only] = scanned.keys();
  const transport = (scanned.size === 1 ? asWord(transports, only) : undefined) ?? 'tcp';
  const skip = (kind: string): void => sink.skip(kind);
  const events = hostEvents(host, { runId, startedAt, transport, skip });
  if (!events) return takeNameless(sink, host);
  state.hostCount++;
  sink.addHost(events);
}

/** Reports a host with an invalid or missing address. */
function takeNameless(sink: NmapSink, host: XmlElement): void {
  const damaged = childrenOf(host, 'address').find(({ attributes: a }) => a['addrtype'] !== 'mac');
  if (!damaged) return sink.skip('host without an address');
  const text = (damaged.attributes['addr'] ?? '').slice(0, 100);
  sink.fault(`"${text}" is not an address: its host was not imported`);
}

function takeTarget(state: RunState, target: XmlElement): void {
  if (target.attributes['status'] !== 'skipped') return;
  const name = target.attributes['specification'] ?? '';
  const message = `nmap skipped "${name}" (${target.attributes['reason'] ?? 'no reason given'})`;
  const run_id = begin(state, target);
  const t = state.startedAt;
  const scope = `target:${name}`.slice(0, 1000);
  state.sink.add({ type: 'run.error', run_id, scope, code: 'SKIPPED_TARGET', message, t }, 100);
}

function takeEnd(state: RunState, stats: XmlElement): void {
  const finished = childOf(stats, 'finished');
  if (!finished || state.isFinished) return;
  const run_id = begin(state);
  state.isFinished = true;
  const t = timeOf(finished, 'time') ?? state.sink.lastTime;
  const hasFailed = finished.attributes['exit'] === 'error';
  const hosts = childOf(stats, 'hosts');
  if (!hasFailed && state.sink.isWhole && portsOf(state) !== undefined) {
    const range = { unit: 0, first: 0, last: Math.max(0, state.hostCount - 1) };
    const times = { t_start: state.startedAt, t_end: t };
    state.sink.add(
      { type: 'run.unit', run_id, ...range, status: 'completed', ...times, counts: {} },
      100,
    );
  }
  const finish: RunFinish = {
    type: 'run.finish',
    run_id,
    t,
    status: hasFailed ? 'failed' : 'completed',
    host_count: countOf(hosts, 'up') ?? 0,
    error_count: 0,
    counts: {},
    ...(hasFailed && {
      error_message: attribute(finished, 'errormsg') ?? 'nmap ended in an error',
    }),
  };
  state.sink.add(finish, 200);
}
