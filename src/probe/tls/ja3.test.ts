import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ja3Hash, ja3sText, ja3Text, parseClientHello, parseServerHello } from './ja3.ts';

const uint16 = (value: number) => [value >> 8, value & 0xff];
const vector = (size: 1 | 2, bytes: readonly number[]) =>
  size === 1 ? [bytes.length, ...bytes] : [...uint16(bytes.length), ...bytes];

function record(type: number, body: readonly number[], cut = 16_384): Buffer {
  const message = [type, 0, ...uint16(body.length), ...body];
  const records: number[] = [];
  for (let at = 0; at < message.length; at += cut) {
    const part = message.slice(at, at + cut);
    records.push(22, 3, 1, ...uint16(part.length), ...part);
  }
  return Buffer.from(records);
}

function clientHello(
  ciphers: readonly number[],
  extensions: readonly (readonly [type: number, data: readonly number[]])[],
  cut?: number,
): Buffer {
  const block = extensions.flatMap(([type, data]) => [...uint16(type), ...vector(2, data)]);
  const body = [
    ...uint16(769),
    ...Array<number>(32).fill(7),
    ...vector(1, [1, 2, 3]),
    ...vector(2, ciphers.flatMap(uint16)),
    ...vector(1, [0]),
    ...(extensions.length > 0 ? vector(2, block) : []),
  ];
  return record(1, body, cut);
}

const first = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
const firstExtensions = [
  [0, []],
  [10, vector(2, [23, 24, 25].flatMap(uint16))],
  [11, vector(1, [0])],
] as const;

describe('JA3', () => {
  test('the published examples have their published hashes', () => {
    const hello = parseClientHello(clientHello(first, firstExtensions))!;
    expect(ja3Text(hello)).toBe(
      '769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0',
    );
    expect(ja3Hash(ja3Text(hello))).toBe('ada70206e40642a3e4461f35503241d5');
    const bare = parseClientHello(clientHello([4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], []))!;
    expect(ja3Text(bare)).toBe('769,4-5-10-9-100-98-3-6-19-18-99,,,');
    expect(ja3Hash(ja3Text(bare))).toBe('de350869b8c85de67a350c8d186f11e6');
  });

  test('GREASE values do not count', () => {
    const grease = [0x0a0a, 0x1a1a, 0xfafa];
    const hello = clientHello(
      [grease[0]!, ...first],
      [
        [grease[1]!, []],
        firstExtensions[0],
        [10, vector(2, [grease[2]!, 23, 24, 25].flatMap(uint16))],
        firstExtensions[2],
      ],
    );
    expect(ja3Hash(ja3Text(parseClientHello(hello)!))).toBe('ada70206e40642a3e4461f35503241d5');
  });

  test('a hello that is cut into small records reads the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (cut) => {
        expect(parseClientHello(clientHello(first, firstExtensions, cut))).toEqual(
          parseClientHello(clientHello(first, firstExtensions)),
        );
      }),
    );
  });
});

describe('JA3S', () => {
  test('keeps the order of the wire', () => {
    const extensions = [...uint16(43), ...vector(2, [3, 4]), ...uint16(51), ...vector(2, [])];
    const body = [
      ...uint16(771),
      ...Array<number>(32).fill(0),
      0,
      ...uint16(4866),
      0,
      ...vector(2, extensions),
    ];
    const hello = parseServerHello(record(2, body))!;
    expect(ja3sText(hello)).toBe('771,4866,43-51');
    expect(ja3Hash('771,4866,43-51')).toBe('15af977ce25de452b96affa2addb1036');
  });
});

describe('hello records that lie', () => {
  test('no bytes make a parser throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        parseClientHello(bytes);
        parseServerHello(bytes);
      }),
    );
  });

  test('a hello with any byte changed, or cut anywhere, reads as some hello or as none', () => {
    const whole = clientHello(first, firstExtensions);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, end) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        const hello = parseClientHello(changed.subarray(0, end));
        expect(hello === undefined || Array.isArray(hello.ciphers)).toBe(true);
      }),
    );
  });

  test('a record longer than its data is not a hello', () => {
    const hello = clientHello(first, firstExtensions);
    expect(parseClientHello(hello.subarray(0, 40))).toBeUndefined();
    expect(parseServerHello(hello)).toBeUndefined();
  });
});
