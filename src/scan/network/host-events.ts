import type { NotShown, ScanHost, ScanPort, Service } from '../../core/events.ts';
import { hostScope, portScope } from '../../core/scope.ts';
import { isRecordedByDefault, type Transport } from '../../core/states.ts';
import { type Host, isSuspect } from './host.ts';
import { isOpen, outcome, outcomeCount } from './outcome.ts';
import type { Pass } from './pass.ts';
import { portStateOf } from './port-state.ts';

/** Rows for a suspect host: enough to look at, few enough that a network of tarpits stays small. */
const suspectRows = 50;

/** What goes into the events of a host, beside the host. */
export interface ReportOptions {
  readonly runId: string;
  readonly hostname: string | undefined;
  readonly recordAll: boolean;
}

interface Report extends ReportOptions {
  /** Epoch ms. */
  readonly t: number;
  readonly isSuspect: boolean;
}

/**
 * Puts what is known of a host into its unit. A host that never answered gets no row, unless
 * the user named it: then it is down.
 *
 * @returns how many errors there were
 */
export function reportHost(host: Host, options: ReportOptions): number {
  const { unit, counts } = host;
  const report: Report = { ...options, t: Date.now(), isSuspect: isSuspect(host) };
  const errorsBefore = unit.errors.length;
  counts.hosts += 1;
  if (host.upReason) counts.hosts_up += 1;
  pushErrors(host, report);
  if (host.upReason || host.isNamed) {
    const services = new Map(host.findings.map(({ port, service }) => [port, service]));
    const notShown = host.passes.flatMap((pass) => pushPorts(host, pass, { ...report, services }));
    for (const pass of host.passes) counts.ports_open += pass.open.size;
    if (!report.isSuspect) pushFindings(host, report.runId);
    unit.hosts.push(hostRow(host, report, notShown));
  }
  const errors = unit.errors.length - errorsBefore;
  counts.errors += errors;
  return errors;
}

function hostRow(host: Host, report: Report, notShown: readonly NotShown[]): ScanHost {
  return {
    type: 'scan.host',
    run_id: report.runId,
    addr: host.address.text,
    state: host.upReason ? 'up' : 'down',
    reason: host.upReason ?? host.downReason ?? 'no-response',
    ...(report.hostname === undefined ? {} : { hostname: report.hostname }),
    ...(report.isSuspect ? { suspect: 'all-open' } : {}),
    ...(notShown.length > 0 ? { not_shown: [...notShown] } : {}),
    t: report.t,
  };
}

interface PortReport extends Report {
  readonly services: ReadonlyMap<number, Service | undefined>;
}

/** Adds the rows of a pass, by port; returns the counts of the ports that get no row. */
function pushPorts(host: Host, pass: Pass, report: PortReport): NotShown[] {
  const { list } = pass;
  const counts = new Uint32Array(outcomeCount);
  const count = (result: number): void => void (counts[result] = (counts[result] ?? 0) + 1);
  const shown: { port: number; index: number; result: number }[] = [];
  for (const [index, result] of pass.outcomes.entries()) {
    if (isRow(host, result, { transport: list.transport, recordAll: report.recordAll })) {
      shown.push({ port: list.portAt(index), index, result });
    } else {
      count(result);
    }
  }
  shown.sort((a, b) => a.port - b.port);
  const cut = report.isSuspect ? shown.splice(suspectRows) : [];
  for (const { result } of cut) count(result);
  for (const row of shown) host.unit.ports.push(portRow(host, pass, { ...report, ...row }));
  return notShownOf(counts, list.transport);
}

function isRow(
  host: Host,
  result: number,
  { transport, recordAll }: { transport: Transport; recordAll: boolean },
): boolean {
  if (isOpen(result)) return true;
  if (result === outcome.pending || result === outcome.unknown) return false;
  if (recordAll) return true;
  // The silence of a host that never answered says nothing about a port.
  return host.upReason !== undefined && isRecordedByDefault(portStateOf(result, transport).state);
}

function portRow(
  host: Host,
  pass: Pass,
  row: PortReport & { readonly port: number; readonly index: number; readonly result: number },
): ScanPort {
  const { transport } = pass.list;
  const { state, reason } = portStateOf(row.result, transport);
  const noted = pass.times?.[row.index];
  const time = pass.open.get(row.index) ?? (noted === undefined ? row.t : host.startedAt + noted);
  const service = transport === 'tcp' && !row.isSuspect ? row.services.get(row.port) : undefined;
  return {
    type: 'scan.port',
    run_id: row.runId,
    addr: host.address.text,
    transport,
    port: row.port,
    state,
    reason,
    ...(service ? { service } : {}),
    t_first: time,
    t_last: time,
  };
}

function notShownOf(counts: Uint32Array, transport: Transport): NotShown[] {
  const list: NotShown[] = [];
  let unknown = 0;
  for (const [result, count] of counts.entries()) {
    const { state, reason } = portStateOf(result, transport);
    if (state === 'unknown') unknown += count;
    else if (count > 0) list.push({ transport, state, reason, count });
  }
  if (unknown > 0) list.push({ transport, state: 'unknown', reason: 'unknown', count: unknown });
  return list;
}

/** What probes found at open ports, and what went wrong there. */
function pushFindings(host: Host, runId: string): void {
  const { findings, errors } = host.unit;
  const addr = host.address.text;
  for (const { port, banners, endpoints, tls, faults, t } of host.findings) {
    const place = { run_id: runId, addr, transport: 'tcp', port } as const;
    for (const banner of banners) findings.push({ type: 'scan.banner', ...place, ...banner });
    for (const page of endpoints) findings.push({ type: 'web.endpoint', ...place, ...page });
    if (tls) findings.push({ type: 'scan.tls', ...place, ...tls });
    const scope = portScope(addr, 'tcp', port);
    for (const { code, message } of faults) {
      errors.push({ type: 'run.error', run_id: runId, scope, code, message, t });
    }
  }
}

/** What kept this machine from finishing the host. */
function pushErrors(host: Host, { runId, t }: Report): void {
  const addr = host.address.text;
  const push = (code: string, message: string): void => {
    const scope = hostScope(addr);
    host.unit.errors.push({ type: 'run.error', run_id: runId, scope, code, message, t });
  };
  const unsent = countOf(host, outcome.unknown);
  if (host.faultName !== undefined && unsent > 0) {
    push(
      host.faultName,
      `${unsent} ports of ${addr} could not be probed from here: ${host.faultName}`,
    );
  }
  if (host.isTimedOut) {
    const left = countOf(host, outcome.pending);
    push('HOST_TIMEOUT', `${addr} was given up after host_timeout_ms with ${left} ports left`);
  }
}

function countOf({ passes }: Host, result: number): number {
  let count = 0;
  for (const { outcomes } of passes) for (const one of outcomes) if (one === result) count += 1;
  return count;
}
