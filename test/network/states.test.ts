import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMakeNamespaces, type Namespace, newNamespace } from './namespace.ts';
import { listenInside, scanInside } from './scan-process.ts';

const base = {
  rate: 0,
  timeout_ms: 400,
  retries: 1,
  retry_delay_ms: 0,
  probe: false,
  record_all: true,
};

/** What a port looks like to Linux behind each rule. */
const rows: readonly [number, string, string, string][] = [
  [1001, 'tcp dport 1001 drop', 'filtered', 'no-response'],
  [1002, 'tcp dport 1002 reject with icmp type host-unreachable', 'filtered', 'host-unreach'],
  [1003, 'tcp dport 1003 reject with icmp type net-unreachable', 'filtered', 'net-unreach'],
  [1004, 'tcp dport 1004 reject with icmp type prot-unreachable', 'filtered', 'proto-unreach'],
  [1005, 'tcp dport 1005 reject with icmp type admin-prohibited', 'filtered', 'host-unreach'],
  [1006, 'tcp dport 1006 reject with icmp type port-unreachable', 'closed', 'conn-refused'],
  [1007, 'tcp dport 1007 reject with tcp reset', 'closed', 'conn-refused'],
  [1008, 'tcp dport 1008 accept', 'closed', 'conn-refused'],
  [1010, 'tcp dport 1010 accept', 'open', 'syn-ack'],
];

describe.skipIf(!canMakeNamespaces())('states of ports in a namespace', () => {
  let inside: Namespace;

  beforeAll(async () => {
    inside = newNamespace(['10.9.0.0/22', 'fd09::/112']);
    inside.run('ip', ['route', 'add', 'prohibit', '10.8.0.1']);
    inside.run('ip', ['route', 'add', 'unreachable', '10.8.0.2']);
    inside.run('ip', ['route', 'add', 'blackhole', '10.8.0.3']);
    inside.filter(rows.map(([, rule]) => rule));
    await listenInside(inside, '1010', '2010');
  });
  afterAll(() => inside[Symbol.dispose]());

  test.each(['epoll', 'sockets'])('%s tells every kind of answer apart', (engine) => {
    const ports = rows.map(([port]) => port).join(',');
    const result = scanInside(inside, { ...base, targets: ['10.9.0.1'], ports, engine });
    const found = result.others.map((row) =>
      row.type === 'scan.port' ? [row.port, row.state, row.reason] : row,
    );
    expect(found).toEqual(rows.map(([port, , state, reason]) => [port, state, reason]));
    expect(result.hosts).toMatchObject([{ addr: '10.9.0.1', state: 'up' }]);
  });

  test.each(['epoll', 'sockets'])('%s knows what this machine refuses to route', (engine) => {
    const targets = ['10.8.0.1', '10.8.0.2', '10.77.0.1'];
    const config = { ...base, targets, named: targets, ports: '80', engine };
    const result = scanInside(inside, config);
    const reasons = new Map(result.hosts.map(({ addr, state, reason }) => [addr, [state, reason]]));
    expect(reasons.get('10.8.0.1')).toEqual(['down', 'admin-prohibited']);
    expect(reasons.get('10.8.0.2')).toEqual(['down', 'host-unreach']);
    expect(reasons.get('10.77.0.1')).toEqual(['down', 'net-unreach']);
  });

  test.each(['epoll', 'sockets'])('%s says which error it does not understand', (engine) => {
    const config = { ...base, targets: ['10.8.0.3'], named: ['10.8.0.3'], ports: '80-82', engine };
    const result = scanInside(inside, config);
    expect(result.others).toMatchObject([
      { type: 'run.error', scope: 'host:10.8.0.3', code: 'EINVAL' },
    ]);
    const unknown = { transport: 'tcp', state: 'unknown', reason: 'unknown', count: 3 };
    expect(result.hosts[0]?.not_shown).toEqual([unknown]);
  });

  test.each(['epoll', 'sockets'])('%s scans IPv6', (engine) => {
    const targets = ['fd09::1'];
    const config = { ...base, targets, named: targets, ports: '1008-1010', engine };
    const result = scanInside(inside, config);
    expect(result.open).toEqual(['fd09::1:1010']);
    expect(result.progress.probesAnswered).toBe(3);
  });

  test.each(['epoll', 'sockets'])('%s is not taken in by connecting to itself', (engine) => {
    const own = newNamespace(['10.9.0.0/30']);
    try {
      own.run('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=40000 40007']);
      const ports = '40000-40007';
      const config = { ...base, targets: ['127.0.0.1'], named: ['127.0.0.1'], ports, engine };
      const result = scanInside(own, { ...config, host_parallelism: 1 });
      expect(result.open).toEqual([]);
      expect(result.progress.probesAnswered).toBe(8);
      // Eight ports from eight ports: it met itself about once, surely in some of 20 runs.
      let met = 0;
      for (let i = 0; i < 20 && met === 0; i++) {
        const { probesSent, probesAnswered } = scanInside(own, config).progress;
        met += probesSent - probesAnswered;
      }
      expect(met).toBeGreaterThan(0);
    } finally {
      own[Symbol.dispose]();
    }
  });
});
