import { expect, test } from 'vitest';
import { canonicalMac } from './mac.ts';

test('every usual spelling of a MAC address has one text', () => {
  for (const text of [
    '00:1B:44:11:3A:B7',
    '00-1b-44-11-3a-b7',
    '001b.4411.3ab7',
    '0:1b:44:11:3a:b7',
  ]) {
    expect(canonicalMac(text)).toBe('00:1b:44:11:3a:b7');
  }
});

test('rejects what is not a MAC address', () => {
  for (const text of [
    '',
    'unknown',
    '00:1b:44:11:3a',
    '00:1b:44:11:3a:b7:c8',
    '00:1b:44:11:3a:g7',
  ]) {
    expect(canonicalMac(text)).toBeUndefined();
  }
});
