import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { udpPayload } from '../../src/scan/network/udp-payloads.ts';
import { canMakeNamespaces, type Namespace, newNamespace } from './namespace.ts';
import { listenInside, scanInside } from './scan-process.ts';

const base = { rate: 0, timeout_ms: 300, retries: 1, retry_delay_ms: 0, probe: false };

describe.skipIf(!canMakeNamespaces())('UDP in a namespace', () => {
  let inside: Namespace;
  beforeAll(async () => {
    inside = newNamespace(['10.9.0.0/22']);
    inside.filter([
      'udp dport 1001 drop',
      'udp dport 1002 reject with icmp type prot-unreachable',
      'udp dport 1003 reject with icmp type admin-prohibited',
    ]);
    await listenInside(inside, '22', '53,2010');
  });
  afterAll(() => inside[Symbol.dispose]());

  test.each(['10.9.0.1', '::1'])('tells open, closed and silent ports of %s apart', (addr) => {
    const named = [addr];
    const config = { ...base, targets: named, named, record_all: true };
    const { others, progress } = scanInside(inside, { ...config, ports: 'U:53,1001,2009-2010' });
    const found = others.map((row) =>
      row.type === 'scan.port' ? [row.transport, row.port, row.state, row.reason] : row,
    );
    expect(found).toEqual([
      ['udp', 53, 'open', 'udp-response'],
      ['udp', 1001, 'open|filtered', 'no-response'],
      ['udp', 2009, 'closed', 'port-unreach'],
      ['udp', 2010, 'open', 'udp-response'],
    ]);
    expect(progress).toMatchObject({ probesSent: 5, probesTimedOut: 2, portsOpen: 2 });
  });

  test('ICMP errors that Linux tells a socket of leave a port filtered', () => {
    const config = { ...base, targets: ['10.9.0.1'], named: ['10.9.0.1'], record_all: true };
    const { others } = scanInside(inside, { ...config, ports: '22,U:1002,1003' });
    expect(others).toMatchObject([
      { port: 22, transport: 'tcp', state: 'open' },
      { port: 1002, transport: 'udp', state: 'filtered', reason: 'proto-unreach' },
      { port: 1003, transport: 'udp', state: 'filtered', reason: 'host-unreach' },
    ]);
  });

  test('TCP and UDP of one host are one host', () => {
    const config = { ...base, targets: ['10.9.0.1'], named: ['10.9.0.1'] };
    const { hosts, others } = scanInside(inside, { ...config, ports: '20-25,U:1001,2005-2010' });
    expect(hosts).toHaveLength(1);
    expect(hosts[0]).toMatchObject({
      state: 'up',
      not_shown: [
        { transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 5 },
        { transport: 'udp', state: 'closed', reason: 'port-unreach', count: 5 },
      ],
    });
    const rows = others.map((row) => (row.type === 'scan.port' ? row.port : row));
    expect(rows).toEqual([22, 1001, 2010]);
  });
});

test.each([53, 69, 111, 123, 137, 161, 1900, 3478, 5060, 5353, 11_211, 9])(
  'the datagram for port %i arrives as it was written',
  async (port) => {
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const sender = createSocket('udp4');
    const arrived = once(receiver, 'message');
    sender.send(udpPayload(port), receiver.address().port, '127.0.0.1');
    const [message] = (await arrived) as [Buffer];
    sender.close();
    receiver.close();
    expect(message.equals(udpPayload(port))).toBe(true);
    expect(message.length > 0).toBe(port !== 9);
    if (port === 161) expect(message.length).toBe(message[1]! + 2);
    if (port === 123) expect(message.length).toBe(48);
    if (port === 137) expect(message.length).toBe(50);
  },
);
