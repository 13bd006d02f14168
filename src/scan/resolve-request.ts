import { randomBytes } from 'node:crypto';
import { parseAddress } from '../core/address.ts';
import { addressSet } from '../core/address-set.ts';
import { omitUndefined } from '../core/omit-undefined.ts';
import { formatPorts } from '../core/ports.ts';
import { isLoopbackRange, needsConfirmation, refusedParts } from '../core/refused-ranges.ts';
import { type NetworkScanConfig, parseScanConfig } from '../core/scan-config.ts';
import type { ScanSettings } from '../core/scan-settings.ts';
import { type AddressRange, formatRange } from '../core/targets.ts';
import { loopbackTiming, timingTemplates } from '../core/timing.ts';
import { AppError } from '../errors.ts';
import { choosePorts } from './choose-ports.ts';
import { engineScope } from './external/engine-scope.ts';
import { resolveTargets, type TargetFault } from './resolve-targets.ts';

/** A scan as a user requests it; what is left out has a default that suits the targets. */
export interface ScanRequest
  extends
    ScanSettings,
    Partial<
      Pick<NetworkScanConfig, 'discovery_only' | 'engine' | 'engine_args' | 'icmp_ping' | 'shard'>
    > {
  /** Addresses, networks, ranges, names. */
  readonly targets: readonly string[];
  readonly exclude?: readonly string[];
  /** The user has confirmed a large or public scan. */
  readonly confirmed?: boolean;
  readonly seed?: string | undefined;
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
  const { targets, exclude = [] } = request;
  if (targets.length === 0)
    throw new AppError('USAGE', 'no targets; try "portolan scan localhost"');
  const scope = await engineScope(request);
  const { ranges, named, hostnames, faults } = await resolveTargets(targets, request.resolve_all);
  if (ranges.length === 0) throw unresolved('', faults);
  // Every address of an excluded name: leaving out too much is the safe side.
  const excluded = await resolveTargets(exclude, true);
  if (excluded.faults.length > 0) throw unresolved('--exclude: ', excluded.faults);
  const refused = ranges.flatMap(refusedParts);
  const left = addressSet(ranges, [...excluded.ranges, ...refused]);
  assertScannable(left.ranges, request);
  const isLocal = left.ranges.every(isLoopbackRange);
  const config = parseScanConfig({
    ...timingOf(request, isLocal),
    ...omitUndefined(request),
    targets: left.ranges.map(formatRange),
    hostnames,
    assume_up: request.assume_up ? 'all' : 'named',
    named: [...named].filter((text) => left.has(parseAddress(text))),
    exclude: [...new Set(excluded.ranges.map(formatRange))],
    ports: formatPorts(choosePorts(request, isLocal, scope)),
    seed: request.seed ?? randomBytes(6).toString('hex'),
    ...(scope?.isDiscovery && { discovery_only: true }),
  });
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
  if (request.engine === 'masscan' && ranges.some(isLoopbackRange)) {
    throw new AppError(
      'UNSUPPORTED',
      "masscan sends its own packets, past this machine's network stack, and gets no answer from " +
        'loopback: leave --engine out, or use nmap',
    );
  }
}

/** The settings of a timing template. */
function timingOf({ timing }: ScanRequest, isLocal: boolean): ScanSettings {
  if (timing === undefined) return isLocal ? loopbackTiming : {};
  // On loopback nobody is disturbed: a template that asks for speed gets no limit there.
  return { ...timingTemplates[timing], ...(isLocal && timing >= 3 && { rate: 0 }) };
}
