import { expect, test } from 'vitest';
import { hostPort } from './scope.ts';

test('an address with a port has IPv6 in brackets', () => {
  expect(hostPort('::1', 22)).toBe('[::1]:22');
  expect(hostPort('192.0.2.1', 22)).toBe('192.0.2.1:22');
});
