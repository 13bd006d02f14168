import { expect, test } from 'vitest';
import { defaultTenantId, hostId, isUuid, jobIdOf, newJobId } from './ids.ts';

test('the same host has the same id, however its address is written', () => {
  const id = hostId(defaultTenantId, '2001:db8::1');
  expect(isUuid(id)).toBe(true);
  expect(id[14]).toBe('8');
  expect(hostId(defaultTenantId, '2001:DB8:0:0:0:0:0:1')).toBe(id);
  expect(hostId(defaultTenantId, '2001:db8::2')).not.toBe(id);
  expect(hostId(newJobId(), '2001:db8::1')).not.toBe(id);
});

test('the id of a host never changes: it is stored, compared and sent by other machines', () => {
  expect(hostId(defaultTenantId, '192.0.2.10')).toBe('6d836cd8-9c2f-84c2-aff4-3fed49f99ed6');
});

test('job ids sort by time', () => {
  const ids = Array.from({ length: 20_000 }, newJobId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(20_000);
  expect(ids.every((id) => isUuid(id) && /^.{14}7.{4}[89ab]/.test(id))).toBe(true);
});

test('a run id that is not a UUID gets a stable one with its time', () => {
  const id = jobIdOf('018f...', 1_725_900_000_101);
  expect(id).toBe(jobIdOf('018f...', 1_725_900_000_101));
  expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(1_725_900_000_101);
  expect(jobIdOf('other', 1_725_900_000_101)).not.toBe(id);
  expect(jobIdOf('018F4D5C-0000-7000-8000-000000000001', 0)).toBe(
    '018f4d5c-0000-7000-8000-000000000001',
  );
});
