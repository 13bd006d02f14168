import type {
  NotShown,
  RunError,
  ScanEvent,
  ScanHost,
  ScanPort,
  Service,
} from '../../core/events.ts';
import { hostScope, portScope } from '../../core/scope.ts';
import { isRecordedByDefault, type Transport } from '../../core/states.ts';
import type { Host } from './host.ts';
import { concludePort, isOpen, type Outcome, outcome, outcomeCount } from './outcome.ts';
import type { Pass } from './pass.ts';

/** A host with at least so many ports open, and this part of all that were tried, is suspect. */
const suspectPorts = 100;
const suspectPart = 0.9;
/** Rows for a suspect host: enough to look at, few enough that a network of tarpits stays small. */
const suspectRows = 50;

/** What goes into the events of a host, beside the host. */
export interface ReportOptions {
  readonly runId: string;
  readonly hostname: string | undefined;
  readonly recordAll: boolean;
}

/** Whether almost every port answers as open and none refuses: a middlebox or a tarpit. */
export function looksAllOpen({ open, refused, tried }: Pass): boolean {
  return open.length >= suspectPorts && refused === 0 && open.length >= suspectPart * tried;
}

/**
 * Puts what is known of a host into its unit. A host that never answered is no row, unless the
 * user named it: then it is down.
 */
export function reportHost(host: Host, options: ReportOptions): void {
  const { unit } = host;
  unit.counts.hosts += 1;
  if (host.upReason) unit.counts.hosts_up += 1;
  const t = Date.now();
  pushErrors(host, { ...options, t });
  if (!host.upReason && !host.isNamed) return;
  const isSuspect = host.passes.some((pass) => pass.list.transport === 'tcp' && looksAllOpen(pass));
  const notShown: NotShown[] = [];
  const services = new Map(host.said.map(({ port, result }) => [port, result.service]));
  for (const pass of host.passes) {
    const rows = rowsOf(pass, { ...options, t, isSuspect, services });
    for (const row of rows.ports) unit.ports.push(row);
    notShown.push(...rows.notShown);
    unit.counts.ports_open += pass.open.length;
  }
  if (!isSuspect) pushSaid(host, options.runId);
  unit.hosts.push(hostRow(host, { ...options, t, isSuspect, notShown }));
}

function hostRow(
  host: Host,
  row: ReportOptions & { t: number; isSuspect: boolean; notShown: NotShown[] },
): ScanHost {
  return {
    type: 'scan.host',
    run_id: row.runId,
    addr: host.address.text,
    state: host.upReason ? 'up' : 'down',
    reason: host.upReason ?? host.downReason ?? 'no-response',
    ...(row.hostname === undefined ? {} : { hostname: row.hostname }),
    ...(row.isSuspect ? { suspect: 'all-open' } : {}),
    ...(row.notShown.length > 0 ? { not_shown: row.notShown } : {}),
    t: row.t,
  };
}

interface RowOptions extends ReportOptions {
  readonly t: number;
  readonly isSuspect: boolean;
  readonly services: ReadonlyMap<number, Service>;
}

/** The rows of a pass, by port, and the counts of what is no row. */
function rowsOf(pass: Pass, options: RowOptions): { ports: ScanPort[]; notShown: NotShown[] } {
  const counts = new Uint32Array(outcomeCount);
  const shown: number[] = [];
  const times = new Map(pass.open.map((index, i) => [index, pass.openedAt[i]!]));
  for (let index = 0; index < pass.list.size; index++) {
    const result = pass.outcomes[index] as Outcome;
    if (isRow(pass, result, options)) shown.push(index);
    else counts[result]! += 1;
  }
  shown.sort((a, b) => pass.list.portAt(a) - pass.list.portAt(b));
  if (options.isSuspect) {
    for (const index of shown.splice(suspectRows)) counts[pass.outcomes[index]!]! += 1;
  }
  const ports = shown.map((index) => portRow(pass, index, { ...options, times }));
  return { ports, notShown: notShownOf(counts, pass.list.transport) };
}

function isRow(pass: Pass, result: Outcome, options: RowOptions): boolean {
  if (isOpen(result)) return true;
  if (result === outcome.pending || result === outcome.unknown) return false;
  if (options.recordAll) return true;
  // The silence of a host that never spoke says nothing about a port.
  const { state } = concludePort(result, pass.list.transport);
  return pass.host.upReason !== undefined && isRecordedByDefault(state);
}

function portRow(
  pass: Pass,
  index: number,
  options: RowOptions & { times: ReadonlyMap<number, number> },
): ScanPort {
  const { list, host } = pass;
  const port = list.portAt(index);
  const { state, reason } = concludePort(pass.outcomes[index] as Outcome, list.transport);
  const time =
    options.times.get(index) ?? (pass.times ? host.startedAt + pass.times[index]! : options.t);
  const service = list.transport === 'tcp' ? options.services.get(port) : undefined;
  return {
    type: 'scan.port',
    run_id: options.runId,
    addr: host.address.text,
    transport: list.transport,
    port,
    state,
    reason,
    ...(service && !options.isSuspect ? { service } : {}),
    t_first: time,
    t_last: time,
  };
}

function notShownOf(counts: Uint32Array, transport: Transport): NotShown[] {
  const list: NotShown[] = [];
  let unknown = 0;
  counts.forEach((count, result) => {
    if (count === 0) return;
    const { state, reason } = concludePort(result as Outcome, transport);
    if (state === 'unknown') unknown += count;
    else list.push({ transport, state, reason, count });
  });
  if (unknown > 0) list.push({ transport, state: 'unknown', reason: 'unknown', count: unknown });
  return list;
}

/** What open ports said, and what went wrong while they were asked. */
function pushSaid(host: Host, runId: string): void {
  const place = { run_id: runId, addr: host.address.text, transport: 'tcp' as const };
  const { said, errors, counts } = host.unit;
  for (const { port, result, t } of host.said) {
    const events: ScanEvent[] = [
      ...result.banners.map((one) => ({ type: 'scan.banner' as const, ...place, port, ...one })),
      ...result.endpoints.map((one) => ({ type: 'web.endpoint' as const, ...place, port, ...one })),
      ...(result.tls ? [{ type: 'scan.tls' as const, ...place, port, ...result.tls }] : []),
    ];
    said.push(...events);
    for (const fault of result.faults) errors.push(portError(host, { port, ...fault, t, runId }));
    counts.errors += result.faults.length;
  }
  for (const fault of host.broken) {
    errors.push(portError(host, { ...fault, runId }));
    counts.errors += 1;
  }
}

function portError(
  host: Host,
  fault: { port: number; code: string; message: string; t: number; runId: string },
): RunError {
  return {
    type: 'run.error',
    run_id: fault.runId,
    scope: portScope(host.address.text, 'tcp', fault.port),
    code: fault.code,
    message: fault.message,
    t: fault.t,
  };
}

/** What kept this machine from finishing the host. */
function pushErrors(host: Host, { runId, t }: ReportOptions & { t: number }): void {
  const { errors, counts } = host.unit;
  const addr = host.address.text;
  const scope = hostScope(addr);
  const unasked = host.passes.reduce((sum, pass) => sum + countOf(pass, outcome.unknown), 0);
  if (host.faultName !== undefined && unasked > 0) {
    const message = `${unasked} ports of ${addr} could not be asked from here: ${host.faultName}`;
    errors.push({ type: 'run.error', run_id: runId, scope, code: host.faultName, message, t });
    counts.errors += 1;
  }
  if (host.isTimedOut) {
    const left = host.passes.reduce((sum, pass) => sum + countOf(pass, outcome.pending), 0);
    const message = `${addr} was given up after host_timeout_ms, with ${left} ports not asked`;
    errors.push({ type: 'run.error', run_id: runId, scope, code: 'HOST_TIMEOUT', message, t });
    counts.errors += 1;
  }
}

function countOf(pass: Pass, result: Outcome): number {
  let count = 0;
  for (const one of pass.outcomes) if (one === result) count += 1;
  return count;
}
