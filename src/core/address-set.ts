import { AppError } from '../errors.ts';
import { type Address, formatAddress, numberToIpv4 } from './address.ts';
import { type AddressRange, formatRange } from './targets.ts';

/** Maximum targets of a job: 2^40, 256 times the IPv4 Internet. */
const maxAddresses = 2 ** 40;

/**
 * A set of addresses as sorted, disjoint ranges. Memory grows with the ranges, not the addresses.
 * IPv4 sorts before IPv6.
 */
export interface AddressSet {
  readonly ranges: readonly AddressRange[];
  /** Number of addresses. */
  readonly size: number;
  /** The text of the address at index 0 … size − 1, in ascending order. */
  at(index: number): string;
  has(address: Address): boolean;
}

/**
 * The union of ranges, less the excluded ones.
 *
 * @throws AppError INVALID_TARGET if more than 2^40 addresses remain
 */
export function addressSet(
  included: Iterable<AddressRange>,
  excluded: Iterable<AddressRange> = [],
): AddressSet {
  const ranges = subtractRanges(mergeRanges(included), mergeRanges(excluded));
  const starts: number[] = [];
  let size = 0;
  for (const range of ranges) {
    starts.push(size);
    size += Number(range.last - range.first + 1n);
  }
  if (size > maxAddresses) {
    const widest = ranges.reduce((a, b) => (b.last - b.first > a.last - a.first ? b : a));
    throw new AppError(
      'INVALID_TARGET',
      `${formatRange(widest)} has more addresses than can be scanned (2^40): specify a part of it`,
    );
  }
  return {
    ranges,
    size,
    at(index) {
      const position = lastAtMost(starts, index);
      const range = ranges[position];
      if (!range || index >= size)
        throw new RangeError(`address ${index} is outside a set of ${size}`);
      const offset = index - (starts[position] ?? 0);
      return range.family === 4
        ? numberToIpv4(Number(range.first) + offset)
        : formatAddress({ family: 6, value: range.first + BigInt(offset) });
    },
    has: (address) => ranges.some((range) => contains(range, address)),
  };
}

/** Whether an address is in a range. */
function contains(range: AddressRange, { family, value }: Address): boolean {
  return range.family === family && range.first <= value && value <= range.last;
}

/** Whether a range is entirely inside another. */
export function containsRange(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether two ranges share an address. */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

function mergeRanges(ranges: Iterable<AddressRange>): AddressRange[] {
  const sorted = [...ranges].sort(
    (a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0),
  );
  const merged: AddressRange[] = [];
  for (const range of sorted) {
    const previous = merged.at(-1);
    if (previous && previous.family === range.family && range.first <= previous.last + 1n) {
      if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** Both lists sorted and disjoint. */
function subtractRanges(from: AddressRange[], holes: AddressRange[]): AddressRange[] {
  return from.flatMap((range) => {
    const left: AddressRange[] = [];
    let first = range.first;
    for (const hole of holes) {
      if (!overlaps(range, hole)) continue;
      if (hole.first > first) left.push({ ...range, first, last: hole.first - 1n });
      if (hole.last + 1n > first) first = hole.last + 1n;
    }
    if (first <= range.last) left.push({ ...range, first });
    return left;
  });
}

/** Index of the last of the ascending numbers that is at most `value`; −1 if there is none. */
function lastAtMost(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? value) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
