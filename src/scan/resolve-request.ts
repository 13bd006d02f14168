import { lookup } from 'node:dns/promises';
import { randomBytes } from 'node:crypto';
import { formatAddress, parseAddress } from '../core/address.ts';
import { addressSet } from '../core/address-set.ts';
import { formatPorts } from '../core/ports.ts';
import { isLoopback, needsConfirmation, refusedParts } from '../core/refused.ts';
import { type NetworkScanConfig, parseScanConfig } from '../core/scan-config.ts';
import { type AddressRange, formatRange, parseTarget } from '../core/targets.ts';
import { loopbackTiming, type Timing, timingTemplates } from '../core/timing.ts';
import { AppError, messageOf, systemCode } from '../errors.ts';
import { choosePorts, type PortRequest } from './choose-ports.ts';
import { engineScope } from './external/engine-scope.ts';

/** What a user asks for; everything that is left out has a default that suits the targets. */
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

/** A target that could not be used, to be recorded as an error of the scan. */
export interface TargetFault {
  readonly scope: string;
  readonly code: string;
  readonly message: string;
}

/** A complete configuration, what it leaves out, and what could not be resolved. */
export interface ResolvedScan {
  readonly config: NetworkScanConfig;
  readonly notes: readonly string[];
  readonly faults: readonly TargetFault[];
}

interface Resolved {
  readonly ranges: AddressRange[];
  readonly named: Set<string>;
  readonly hostnames: Record<string, string>;
  readonly faults: TargetFault[];
}

/**
 * Turns what a user asked for into a configuration that repeats the scan anywhere: names are
 * resolved, exclusions and refused ranges taken out, defaults filled in.
 *
 * @throws AppError INVALID_TARGET, INVALID_PORTS, REFUSED_TARGET, UNRESOLVED_NAME,
 *   CONFIRMATION_NEEDED, USAGE, UNSUPPORTED
 */
export async function resolveRequest(request: ScanRequest): Promise<ResolvedScan> {
  if (request.targets.length === 0) {
    throw new AppError('USAGE', 'no targets; try "portolan scan localhost"');
  }
  const scope = await engineScope(request.options ?? {});
  const included = await resolveTargets(request.targets, request.resolveAll ?? false);
  if (included.ranges.length === 0) {
    throw new AppError('UNRESOLVED_NAME', included.faults.map((fault) => fault.message).join('; '));
  }
  // Every address of an excluded name: leaving out too much is the safe side.
  const excluded = await resolveTargets(request.exclude ?? [], true);
  const unknown = excluded.faults[0];
  if (unknown) throw new AppError('UNRESOLVED_NAME', `--exclude: ${unknown.message}`);
  const refused = included.ranges.flatMap(refusedParts);
  const left = addressSet(included.ranges, [...excluded.ranges, ...refused]);
  if (left.size === 0) {
    throw new AppError('INVALID_TARGET', 'the exclusions leave nothing to scan');
  }
  const reason = request.confirmed ? undefined : needsConfirmation(left.ranges);
  if (reason) {
    throw new AppError(
      'CONFIRMATION_NEEDED',
      `${reason}: scan only what you may scan; add --yes to go ahead, or --dry-run to see it first`,
    );
  }
  if (request.options?.engine === 'masscan' && left.ranges.some(isLoopback)) {
    throw new AppError(
      'UNSUPPORTED',
      "masscan sends its own packets, past this machine's network stack, and gets no answer from " +
        'loopback: leave --engine out, or take nmap',
    );
  }
  const local = left.ranges.every(isLoopback);
  const config = parseScanConfig({
    targets: left.ranges.map(formatRange),
    hostnames: included.hostnames,
    named: [...included.named].filter((text) => left.has(parseAddress(text))),
    exclude: [...new Set(excluded.ranges.map(formatRange))],
    ports: formatPorts(choosePorts(request, local, scope)),
    seed: request.seed ?? randomBytes(6).toString('hex'),
    shard: request.shard,
    ...chooseTiming(request, local),
    ...request.options,
    ...(scope?.isDiscovery && { discovery_only: true }),
  } satisfies Partial<Record<keyof NetworkScanConfig, unknown>>);
  const notes = refused.map((range) => `${formatRange(range)} is left out: it is not for scanning`);
  return { config, notes: [...new Set(notes)], faults: included.faults };
}

function chooseTiming(request: ScanRequest, local: boolean): Timing {
  const template = request.template === undefined ? undefined : timingTemplates[request.template];
  const polite = template ?? (local ? loopbackTiming : timingTemplates[3]!);
  // On loopback nobody is disturbed: a template that asks for speed gets no limit there.
  const base = local && (request.template ?? 0) >= 3 ? { ...polite, rate: 0 } : polite;
  const given = Object.entries(request.timing ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}

async function resolveTargets(words: readonly string[], all: boolean): Promise<Resolved> {
  const resolved: Resolved = { ranges: [], named: new Set(), hostnames: {}, faults: [] };
  const names: string[] = [];
  for (const word of words) {
    const target = parseTarget(word);
    if (target.kind === 'name') names.push(target.text);
    else addRange(resolved, target.range);
  }
  await Promise.all([...new Set(names)].map((name) => addName(resolved, name, all)));
  return resolved;
}

function addRange(resolved: Resolved, range: AddressRange): void {
  resolved.ranges.push(range);
  if (range.first !== range.last) return;
  resolved.named.add(formatAddress({ family: range.family, value: range.first }));
}

async function addName(resolved: Resolved, name: string, all: boolean): Promise<void> {
  try {
    const found = await lookup(name, { all: true });
    const preferred = found.find(({ family }) => family === 4) ?? found[0];
    for (const { address: text } of all ? found : preferred ? [preferred] : []) {
      const address = parseAddress(text);
      addRange(resolved, { family: address.family, first: address.value, last: address.value });
      resolved.hostnames[formatAddress(address)] = name;
    }
  } catch (error) {
    resolved.faults.push({
      scope: `target:${name}`,
      code: systemCode(error) ?? 'ENOTFOUND',
      message: `the name "${name}" does not resolve (${systemCode(error) ?? messageOf(error)})`,
    });
  }
}
