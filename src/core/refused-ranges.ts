import { AppError } from '../errors.ts';
import { isLoopback } from './address.ts';
import { containsRange, overlaps } from './address-set.ts';
import { type AddressRange, formatRange, parseTarget } from './targets.ts';

/** Never scanned, because there are no hosts or many would answer at once. */
const alwaysRefused = rangesOf(['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8']);

/** Scanned only if the user names a target inside; left out of a wider network. */
const refusedUnlessNamed = rangesOf([
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '::1/128',
  'fe80::/10',
]);

/** The usual target of a scan. */
const privateRanges = rangesOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']);

/** Above this many addresses a scan asks for confirmation: a /16. */
const manyAddresses = 2n ** 16n;

/**
 * The parts of a wider range that a scan must leave out.
 *
 * @throws AppError REFUSED_TARGET if none of the range may be scanned
 */
export function refusedParts(range: AddressRange): AddressRange[] {
  const refused = alwaysRefused.find((one) => containsRange(one, range));
  if (refused) {
    throw new AppError(
      'REFUSED_TARGET',
      `${formatRange(range)} is never scanned: ${formatRange(refused)} holds no hosts, ` +
        'or is multicast or broadcast',
    );
  }
  const left = refusedUnlessNamed.filter((one) => !containsRange(one, range));
  return [...alwaysRefused, ...left].filter((one) => overlaps(one, range));
}

/** Whether all of a range is loopback, where no rate limit is needed. */
export function isLoopbackRange({ family, first, last }: AddressRange): boolean {
  return [first, last].every((value) => isLoopback({ family, value }));
}

/**
 * Why scanning these ranges needs confirmation (`--yes`): more than a /16, or a range of public
 * addresses. Undefined if it does not.
 */
export function needsConfirmation(ranges: readonly AddressRange[]): string | undefined {
  const count = ranges.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
  if (count > manyAddresses) return `${count} addresses are more than a /16`;
  const local = [...privateRanges, ...refusedUnlessNamed];
  const open = ranges.find(
    (range) => range.first !== range.last && !local.some((one) => containsRange(one, range)),
  );
  return open && `${formatRange(open)} is a range of public addresses`;
}

function rangesOf(networks: readonly string[]): readonly AddressRange[] {
  return networks.map((network) => {
    const target = parseTarget(network);
    if (target.kind === 'name') throw new TypeError(`"${network}" is not a network`);
    return target.range;
  });
}
