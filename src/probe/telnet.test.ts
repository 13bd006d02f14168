import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginsAsTelnet, readTelnet } from './telnet.ts';

test('every option is refused and the text remains', () => {
  const opening = Buffer.from([
    255, 253, 24, 255, 251, 1, 255, 250, 24, 1, 255, 240, 65, 255, 255, 66,
  ]);
  expect(beginsAsTelnet(opening)).toBe(true);
  const { text, refusals } = readTelnet(opening);
  expect([...text]).toEqual([65, 255, 66]);
  expect([...refusals]).toEqual([255, 252, 24, 255, 254, 1]);
});

test('no bytes make it throw or grow', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { text, refusals } = readTelnet(bytes);
      expect(text.length).toBeLessThanOrEqual(bytes.length);
      expect(refusals.length).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
