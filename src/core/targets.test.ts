import { describe, expect, test } from 'vitest';
import { addressSet } from './address-set.ts';
import { needsConfirmation, refusedParts } from './refused-ranges.ts';
import { type AddressRange, formatRange, parseTarget, splitTargets } from './targets.ts';

function range(text: string): AddressRange {
  const target = parseTarget(text);
  if (target.kind === 'name') throw new TypeError(text);
  return target.range;
}

describe('targets', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', 1],
    ['10.0.0.77/24', '10.0.0.0/24', 256],
    ['10.0.0.1-50', '10.0.0.1-10.0.0.50', 50],
    ['10.0.0.250-10.0.1.5', '10.0.0.250-10.0.1.5', 12],
    ['2001:db8::/120', '2001:db8::/120', 256],
    ['[2001:db8::1]', '2001:db8::1', 1],
    ['2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff', 255],
    ['0.0.0.0/0', '0.0.0.0/0', 2 ** 32],
  ])('%s is %s with %i addresses', (text, canonical, size) => {
    expect(formatRange(range(text))).toBe(canonical);
    expect(addressSet([range(text)]).size).toBe(size);
  });

  test.each([
    'localhost',
    'www.example.com',
    'a-b.example.',
    'xn--bcher-kva.example',
    '_srv.local',
  ])('%s is a name', (text) => {
    expect(parseTarget(text)).toMatchObject({ kind: 'name' });
  });

  test.each([
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.9-3',
    '10.0.0.1-300',
    '10.0.0.1-010',
    '10.0.0.1-::1',
    '2001:db8::/129',
    '1.2.3',
    '10.0.0',
    '-host',
    'a..b',
    'a b',
    'http://example.com',
    '',
  ])('"%s" is refused with a reason', (text) => {
    expect(() => parseTarget(text)).toThrow(new RegExp(text.slice(0, 4).replaceAll('.', '\\.')));
  });

  test('a target file may have comments, commas and several targets a line', () => {
    expect(splitTargets('10.0.0.1 10.0.0.2, # the routers\n\n2001:db8::1\r\n#x')).toEqual([
      '10.0.0.1',
      '10.0.0.2',
      '2001:db8::1',
    ]);
  });
});

describe('sets of addresses', () => {
  test('overlapping and touching ranges count once', () => {
    const set = addressSet(['10.0.0.0/25', '10.0.0.64/26', '10.0.0.128/25', '::1'].map(range));
    expect(set.ranges.map(formatRange)).toEqual(['10.0.0.0/24', '::1']);
    expect([set.at(0), set.at(255), set.at(256)]).toEqual(['10.0.0.0', '10.0.0.255', '::1']);
    expect(() => set.at(257)).toThrow(RangeError);
  });

  test('exclusions leave the rest, from any side', () => {
    const set = addressSet(
      [range('10.0.0.0/29')],
      ['10.0.0.0', '10.0.0.3-4', '10.0.0.7', '10.0.1.0/24'].map(range),
    );
    const all = Array.from({ length: set.size }, (_, i) => set.at(i));
    expect(all).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.5', '10.0.0.6']);
  });

  test('a /64 is refused, with the way out', () => {
    expect(() => addressSet([range('2001:db8::/64')])).toThrow(/specify a part of it/);
  });
});

describe('what may be scanned', () => {
  test.each(['0.1.2.3', '224.0.0.1', '255.255.255.255', '240.0.0.0/8', 'ff02::1'])(
    '%s is never scanned',
    (text) => {
      expect(() => refusedParts(range(text))).toThrow(/never scanned/);
    },
  );

  test('special networks are scanned when named, and left out of wider ones', () => {
    expect(refusedParts(range('127.0.0.1'))).toEqual([]);
    expect(refusedParts(range('169.254.1.0/24'))).toEqual([]);
    expect(refusedParts(range('0.0.0.0/0')).map(formatRange)).toEqual([
      '0.0.0.0/8',
      '224.0.0.0/4',
      '240.0.0.0/4',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '100.64.0.0/10',
      '192.0.0.0/24',
      '192.0.2.0/24',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
    ]);
  });

  test('large and public scans want a confirmation, private ones and single addresses do not', () => {
    expect(needsConfirmation([range('10.0.0.0/16')])).toBeUndefined();
    expect(needsConfirmation([range('10.0.0.0/15')])).toMatch(/more than a \/16/);
    expect(needsConfirmation([range('8.8.8.8')])).toBeUndefined();
    expect(needsConfirmation([range('8.8.8.0/24')])).toMatch(/public/);
    expect(needsConfirmation([range('fd00::/120')])).toBeUndefined();
  });
});
