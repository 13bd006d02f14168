import { randomBytes } from 'node:crypto';
import { parseAddress } from '../core/address.ts';
import { addressSet } from '../core/address-set.ts';
import { defined } from '../core/defined.ts';
import { formatPorts } from '../core/ports.ts';
import { isLoopbackRange, needsConfirmation, refusedParts } from '../core/refused.ts';
import { type NetworkScanConfig, parseScanConfig } from '../core/scan-config.ts';
import { type AddressRange, formatRange } from '../core/targets.ts';
import { loopbackTiming, normalTiming, type Timing, timingTemplates } from '../core/timing.ts';
import { AppError } from '../errors.ts';
import { choosePorts, type PortRequest } from './choose-ports.ts';
import { engineScope } from './external/engine-scope.ts';
import { resolveTargets, type TargetFault } from './resolve-targets.ts';

/** A scan as a user requests it; what is left out has a default that suits the targets. */
export interface ScanRequest extends PortRequest {
  /** Addresses, networks, ranges, names. */
  readonly targets: readonly string[];
  readonly exclude?: readonly string[];
  /** Timing template 0 … 5. */
  readonly template?: number | undefined;
  /** Overrides of the template. */
  readonly timing?: Partial<Timing>;
  /** Scan every address of a name, not only the first. */
  readonly resolveAll?: boolean;
  /** The user has confirmed a large or public scan. */
  readonly confirmed?: boolean;
  readonly seed?: string | undefined;
  readonly shard?: { index: number; count: number } | undefined;
  readonly options?: Partial<
    Pick<
      NetworkScanConfig,
      | 'assume_up'
      | 'discovery_only'
      | 'engine'
      | 'engine_args'
      | 'icmp_ping'
      | 'probe'
      | 'record_all'
      | 'reverse_dns'
    >
  >;
}

/** A complete configuration, what it leaves out, and what did not resolve. */
export interface ResolvedScan {
  readonly config: NetworkScanConfig;
  readonly notes: readonly string[];
  readonly faults: readonly TargetFault[];
}

/**
 * Turns a request into a configuration that repeats the scan anywhere: names are resolved,
 * exclusions and refused ranges taken out, defaults filled in.
 *
 * @throws AppError INVALID_TARGET, INVALID_PORTS, REFUSED_TARGET, UNRESOLVED_NAME,
 *   CONFIRMATION_NEEDED, USAGE, UNSUPPORTED
 */
export async function resolveRequest(request: ScanRequest): Promise<ResolvedScan> {
  const { targets, exclude = [], options = {} } = request;
  if (targets.length === 0)
    throw new AppError('USAGE', 'no targets; try "portolan scan localhost"');
  const scope = await engineScope(options);
  const { ranges, named, hostnames, faults } = await resolveTargets(targets, request.resolveAll);
  if (ranges.length === 0) throw unresolved('', faults);
  // Every address of an excluded name: leaving out too much is the safe side.
  const excluded = await resolveTargets(exclude, true);
  if (excluded.faults.length > 0) throw unresolved('--exclude: ', excluded.faults);
  const refused = ranges.flatMap(refusedParts);
  const left = addressSet(ranges, [...excluded.ranges, ...refused]);
  assertScannable(left.ranges, request);
  const isLocal = left.ranges.every(isLoopbackRange);
  const config = parseScanConfig({
    targets: left.ranges.map(formatRange),
    hostnames,
    named: [...named].filter((text) => left.has(parseAddress(text))),
    exclude: [...new Set(excluded.ranges.map(formatRange))],
    ports: formatPorts(choosePorts(request, isLocal, scope)),
    seed: request.seed ?? randomBytes(6).toString('hex'),
    shard: request.shard,
    ...chooseTiming(request, isLocal),
    ...options,
    ...(scope?.isDiscovery && { discovery_only: true }),
  } satisfies Partial<Record<keyof NetworkScanConfig, unknown>>);
  const notes = refused.map((range) => `${formatRange(range)} is left out: it is reserved`);
  return { config, notes: [...new Set(notes)], faults };
}

function unresolved(prefix: string, faults: readonly TargetFault[]): AppError {
  const messages = faults.map(({ message }) => message);
  return new AppError('UNRESOLVED_NAME', `${prefix}${messages.join('; ')}`);
}

/** Refuses targets that nothing is left of, that need a confirmation, or that the engine cannot reach. */
function assertScannable(ranges: readonly AddressRange[], request: ScanRequest): void {
  if (ranges.length === 0) {
    throw new AppError('INVALID_TARGET', 'the exclusions leave nothing to scan');
  }
  const reason = request.confirmed ? undefined : needsConfirmation(ranges);
  if (reason) {
    throw new AppError(
      'CONFIRMATION_NEEDED',
      `${reason}: scan only what you are authorized to scan; pass --yes to confirm, or --dry-run to ` +
        'see the scan first',
    );
  }
  if (request.options?.engine === 'masscan' && ranges.some(isLoopbackRange)) {
    throw new AppError(
      'UNSUPPORTED',
      "masscan sends its own packets, past this machine's network stack, and gets no answer from " +
        'loopback: leave --engine out, or use nmap',
    );
  }
}

function chooseTiming({ template, timing = {} }: ScanRequest, isLocal: boolean): Timing {
  const byTargets = isLocal ? loopbackTiming : normalTiming;
  const chosen = (template !== undefined && timingTemplates[template]) || byTargets;
  // On loopback nobody is disturbed: a template that asks for speed gets no limit there.
  const base = isLocal && (template ?? 0) >= 3 ? { ...chosen, rate: 0 } : chosen;
  return { ...base, ...defined(timing) };
}
