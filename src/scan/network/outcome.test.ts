import { expect, test } from 'vitest';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';
import { portStateOf } from './port-state.ts';

const tcp: readonly [string, string, string][] = [
  ['ECONNREFUSED', 'closed', 'conn-refused'],
  ['ETIMEDOUT', 'filtered', 'no-response'],
  ['EHOSTDOWN', 'filtered', 'no-response'],
  ['EHOSTUNREACH', 'filtered', 'host-unreach'],
  ['ENETUNREACH', 'filtered', 'net-unreach'],
  ['EACCES', 'filtered', 'admin-prohibited'],
  ['ENOPROTOOPT', 'filtered', 'proto-unreach'],
  ['ENONET', 'filtered', 'dest-unreach'],
  ['ECONNRESET', 'open', 'syn-ack'],
];

test.each(tcp)('a connect that fails with %s finds the port %s by %s', (errno, state, reason) => {
  expect(portStateOf(outcomeOfErrno(errno, 'tcp'), 'tcp')).toEqual({ state, reason });
});

test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL', 'EADDRINUSE'])(
  '%s is a fault of this machine and never a state of a port',
  (errno) => {
    expect(outcomeOfErrno(errno, 'tcp')).toBe(outcome.localFault);
    expect(outcomeOfErrno(errno, 'udp')).toBe(outcome.localFault);
  },
);

test('a refused datagram is an unreachable port, and silence leaves UDP open or filtered', () => {
  const refused: Outcome = outcomeOfErrno('ECONNREFUSED', 'udp');
  expect(portStateOf(refused, 'udp')).toEqual({ state: 'closed', reason: 'port-unreach' });
  const silent = portStateOf(outcome.noResponse, 'udp');
  expect(silent).toEqual({ state: 'open|filtered', reason: 'no-response' });
  const answered = portStateOf(outcome.datagram, 'udp');
  expect(answered).toEqual({ state: 'open', reason: 'udp-response' });
});

test('an errno that is in no table concludes nothing', () => {
  expect(portStateOf(outcomeOfErrno('EINVAL', 'tcp'), 'tcp').state).toBe('unknown');
});
