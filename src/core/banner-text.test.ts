import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bannerText } from './banner-text.ts';

/** The bytes that a banner's text stands for. */
function bytesOf(text: string): Buffer {
  const parts = text.match(/\\x[0-9a-f]{2}|\\[\\rnt]|[^\\]/gsu) ?? [];
  const short: Record<string, string> = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\t': '\t' };
  return Buffer.concat(
    parts.map((part) =>
      part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : Buffer.from(short[part] ?? part),
    ),
  );
}

test('control characters are escaped readably, text stays', () => {
  expect(bannerText(Buffer.from('220 grüß dich\r\n\t\\\x1b[31m\0'))).toBe(
    String.raw`220 grüß dich\r\n\t\\\x1b[31m\x00`,
  );
});

test('invalid UTF-8 and reordering or invisible characters are shown as bytes', () => {
  expect(bannerText(Buffer.from([0x41, 0xff, 0xc3, 0x28, 0xe2, 0x82]))).toBe(
    String.raw`A\xff\xc3(\xe2\x82`,
  );
  expect(bannerText(Buffer.from('a\u202eb\ufeff\u0085'))).toBe(
    String.raw`a\xe2\x80\xaeb\xef\xbb\xbf\xc2\x85`,
  );
});

test('any bytes become one printable line from which they can be read back', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const text = bannerText(bytes);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect([...bytesOf(text)]).toEqual([...bytes]);
      },
    ),
  );
});

test('a banner is cut at its limit', () => {
  expect(bannerText(Buffer.alloc(100_000, 'x'))).toHaveLength(4096);
});
