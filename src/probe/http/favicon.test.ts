import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { faviconHashes, faviconMurmur3, isImage } from './favicon.ts';
import { murmur3 } from './murmur3.ts';

const upTo = (last: number) => Buffer.from(Array.from({ length: last + 1 }, (_, byte) => byte));

test('favicon hashes are those that others publish for the same bytes', () => {
  expect(faviconMurmur3(upTo(0x38))).toBe(459585070);
  expect(faviconMurmur3(upTo(0x39))).toBe(-280317500);
  expect(faviconMurmur3(upTo(0xff))).toBe(-757223386);
  expect(faviconMurmur3(Buffer.from('a'))).toBe(-316242180);
});

test('MurmurHash3 agrees with its reference vectors', () => {
  expect(murmur3(Buffer.alloc(0))).toBe(0);
  expect(murmur3(Buffer.alloc(0), 1) >>> 0).toBe(0x514e28b7);
  expect(murmur3(Buffer.from('Hello, world!'), 0x9747b28c) >>> 0).toBe(0x24884cba);
  expect(murmur3(Buffer.from('aaaa'), 0x9747b28c) >>> 0).toBe(0x5a97808a);
});

test('MurmurHash3 is a signed 32-bit number of any bytes, wherever they lie in memory', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(3), (bytes, shift) => {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      expect(murmur3(moved)).toBe(murmur3(bytes));
      expect(murmur3(bytes) | 0).toBe(murmur3(bytes));
    }),
  );
});

test('an error page has no favicon hash, a picture has', () => {
  expect(faviconHashes(Buffer.from('<!doctype html><title>404</title>'))).toBeUndefined();
  expect(faviconHashes(Buffer.alloc(0))).toBeUndefined();
  expect(faviconHashes(Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1'))).toEqual({
    murmur3: expect.any(Number),
    md5: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(
    isImage(Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')),
  ).toBe(true);
  expect(isImage(Buffer.from('<html><svg></svg></html>'))).toBe(false);
});
