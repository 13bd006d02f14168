import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPorts, parsePorts, topPorts } from './ports.ts';

describe('port lists', () => {
  test.each([
    ['80,443,8000-8002', { tcp: [80, 443, 8000, 8001, 8002], udp: [] }],
    ['T:80,443,U:53,161', { tcp: [80, 443], udp: [53, 161] }],
    ['U:53, T:22', { tcp: [22], udp: [53] }],
    ['-3', { tcp: [1, 2, 3], udp: [] }],
    ['65534-', { tcp: [65534, 65535], udp: [] }],
    ['443,80,443', { tcp: [80, 443], udp: [] }],
  ])('%s', (text, expected) => {
    expect(parsePorts(text)).toEqual(expected);
  });

  test('a dash alone is every port', () => {
    expect(parsePorts('-').tcp).toHaveLength(65_535);
  });

  test.each(['', '0', '65536', '99999', '80-70', 'http', '1-2-3', '80,,443', 'X:80', '8 0'])(
    '"%s" is refused',
    (text) => {
      expect(() => parsePorts(text)).toThrow(expect.objectContaining({ code: 'INVALID_PORTS' }));
    },
  );

  test('the text of a set reads back as the set', () => {
    const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 60 });
    fc.assert(
      fc.property(ports, ports, (tcp, udp) => {
        fc.pre(tcp.length + udp.length > 0);
        const ascending = (list: number[]): number[] => list.sort((a, b) => a - b);
        const set = { tcp: ascending(tcp), udp: ascending(udp) };
        expect(parsePorts(formatPorts(set))).toEqual(set);
      }),
    );
  });

  test('the top ports begin with the web', () => {
    expect(topPorts(2).tcp).toEqual([80, 443]);
    expect(() => topPorts(0)).toThrow(/takes 1 to/);
    expect(() => topPorts(100_000)).toThrow(/-p -/);
  });
});
