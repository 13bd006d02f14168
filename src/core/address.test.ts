import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey, compareAddresses, formatAddress, parseAddress } from './address.ts';

describe('addresses', () => {
  test.each([
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '0x7f.0.0.1',
    '',
    ' 1.2.3.4',
    '1::2::3',
  ])('"%s" is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(/is not an IP address/);
  });

  test('a leading zero is explained, not read as octal or decimal', () => {
    expect(() => parseAddress('010.0.0.1')).toThrow(/octal/);
  });

  test.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80:0:0:0:1::', 'fe80:0:0:0:1::'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s reads as %s', (text, canonical) => {
    expect(formatAddress(parseAddress(formatAddress(parseAddress(text))))).toBe(
      formatAddress(parseAddress(canonical)),
    );
    expect(formatAddress(parseAddress(text)).length).toBeLessThanOrEqual(text.length);
  });

  test('every IPv6 address keeps its value through its text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
        const back = parseAddress(formatAddress({ family: 6, value }));
        // IPv4-mapped addresses become the IPv4 addresses that they name.
        const mapped = value >> 32n === 0xffffn;
        expect(back).toEqual(
          mapped ? { family: 4, value: value & 0xffffffffn } : { family: 6, value },
        );
      }),
    );
  });

  test('keys sort as addresses do, IPv4 before IPv6', () => {
    const any = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseAddress(text));
    fc.assert(
      fc.property(any, any, (a, b) => {
        const byKey = Buffer.compare(addressKey(a), addressKey(b));
        expect(Math.sign(byKey)).toBe(Math.sign(compareAddresses(a, b)));
      }),
    );
  });
});
