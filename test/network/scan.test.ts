import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canMakeNamespaces, type Namespace, newNamespace } from './namespace.ts';
import { listenInside, runScanPath, scanInside, type ScanResult } from './scan-process.ts';

const base = { rate: 0, timeout_ms: 300, retries: 1, retry_delay_ms: 0, probe: false };
const syn = 'tcp flags & (syn|ack) == syn';

describe.skipIf(!canMakeNamespaces())('scans in a namespace', () => {
  let inside: Namespace;
  beforeEach(() => {
    inside = newNamespace(['10.9.0.0/22']);
  });
  afterEach(() => inside[Symbol.dispose]());

  test.each(['epoll', 'sockets'])(
    '%s misses no open port at 5 in 100 lost packets',
    async (engine) => {
      await listenInside(inside, '3000-3299');
      inside.filter(['numgen random mod 100 < 5 drop']);
      const wanted = Array.from({ length: 300 }, (_, i) => `10.9.0.1:${3000 + i}`);
      const config = { ...base, targets: ['10.9.0.1'], ports: '2900-3899', retries: 8, engine };
      for (let run = 0; run < 10; run++) {
        const { open, progress } = scanInside(inside, config);
        expect(open).toEqual(wanted);
        expect(progress.probesRetried).toBeGreaterThan(0);
        expect(progress.probesSent).toBeGreaterThanOrEqual(1000 + progress.probesRetried);
      }
    },
  );

  test('silent ports are tried twice where nothing is lost, however many tries are allowed', () => {
    inside.filter(['tcp dport 2000-2099 drop']);
    const config = {
      ...base,
      targets: ['10.9.0.1'],
      ports: '1900-2099',
      retries: 6,
      assume_up: 'all',
    };
    const { progress, hosts } = scanInside(inside, config);
    expect(progress).toMatchObject({ probesSent: 300, probesTimedOut: 200, probesRetried: 100 });
    expect(hosts[0]?.not_shown).toEqual([
      { transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 100 },
      { transport: 'tcp', state: 'filtered', reason: 'no-response', count: 100 },
    ]);
  });

  test('two tries of a port stand at least the retry delay apart', () => {
    inside.filter(['tcp dport 2000 drop']);
    const config = { ...base, targets: ['10.9.0.1'], ports: '2000', timeout_ms: 50 };
    const { elapsedMs } = scanInside(inside, { ...config, retry_delay_ms: 900 });
    // The second try begins 900 ms after the first, and is waited for.
    expect(elapsedMs).toBeGreaterThanOrEqual(940);
  });

  test('hosts of a network that do not answer are left out, and their ports spared', async () => {
    await listenInside(inside, '22');
    inside.filter([
      'ip daddr 10.9.0.7 accept',
      'ip daddr 10.9.0.9 tcp dport 445 accept',
      'ip daddr 10.9.0.11 reject with icmp type host-unreachable',
      `ip daddr 10.9.0.0/24 ${syn} drop`,
    ]);
    const config = { ...base, targets: ['10.9.0.0/26'], ports: '1-200' };
    const { hosts, open, progress } = scanInside(inside, config);
    const found = hosts.map(({ addr, state, reason }) => `${addr} ${state} ${reason}`);
    expect(found.sort()).toEqual(['10.9.0.7 up conn-refused', '10.9.0.9 up conn-refused']);
    expect(open).toEqual(['10.9.0.7:22']);
    expect(progress).toMatchObject({ hostsDone: 64, hostsUp: 2, probesDone: 64 * 200 });
    // 62 hosts were asked a dozen ports twice, not 200.
    expect(progress.probesSent).toBeLessThan(62 * 12 * 2 + 2 * 450);
  });

  test('discovery alone yields hosts and no ports', async () => {
    await listenInside(inside, '22');
    inside.filter(['ip daddr 10.9.0.3 accept', `${syn} drop`]);
    const config = { ...base, targets: ['10.9.0.0/29'], ports: '1-200', discovery_only: true };
    const { hosts, others, open } = scanInside(inside, config);
    expect(hosts.map(({ addr, state }) => [addr, state])).toEqual([['10.9.0.3', 'up']]);
    expect([...others, ...open]).toEqual([]);
  });

  test('a named host that never answers is down, and its ports are counted', () => {
    inside.filter([`${syn} drop`]);
    const targets = ['10.9.0.5'];
    const config = { ...base, targets, named: targets, hostnames: { '10.9.0.5': 'silent.test' } };
    const { hosts } = scanInside(inside, { ...config, ports: '1-30' });
    expect(hosts).toMatchObject([
      {
        state: 'down',
        reason: 'no-response',
        hostname: 'silent.test',
        not_shown: [{ state: 'filtered', reason: 'no-response', count: 30 }],
      },
    ]);
  });

  test('a host that takes too long is abandoned, with an error', () => {
    inside.filter([`${syn} drop`]);
    const targets = ['10.9.0.5'];
    const config = { ...base, targets, named: targets, ports: '1-5000', host_parallelism: 1 };
    const { others, hosts } = scanInside(inside, { ...config, host_timeout_ms: 700 });
    expect(others).toMatchObject([{ type: 'run.error', code: 'HOST_TIMEOUT' }]);
    expect(hosts[0]?.not_shown?.find(({ state }) => state === 'unknown')?.count).toBeGreaterThan(
      4900,
    );
  });

  test.each(['epoll', 'sockets'])('%s keeps to its limits for one host and for all', (engine) => {
    inside.filter([`${syn} drop`]);
    const limits = { host_parallelism: 6, parallelism: 40, timeout_ms: 200, retries: 0 };
    const config = { ...base, ...limits, assume_up: 'all', ports: '1-60', engine };
    // Sixty silent ports, six at a time: ten times the timeout.
    const one = scanInside(inside, { ...config, targets: ['10.9.0.1'] });
    expect(one.progress.probesSent).toBe(60);
    expect(one.elapsedMs).toBeGreaterThanOrEqual(1990);
    // 480 of them, forty at a time: twelve times.
    const all = scanInside(inside, { ...config, targets: ['10.9.0.0/29'] });
    expect(all.progress.probesSent).toBe(480);
    expect(all.elapsedMs).toBeGreaterThanOrEqual(2390);
  });

  test.each(['epoll', 'sockets'])(
    '%s waits out a lack of descriptors, and finds the same',
    async (engine) => {
      await listenInside(inside, '3000-3009');
      inside.filter(['tcp dport 1000-1399 drop']);
      const parts = { targets: ['10.9.0.1'], ports: '1000-1399,3000-3099', parallelism: 1000 };
      const config = { ...base, ...parts, host_parallelism: 1000, timeout_ms: 1000, engine };
      // The limit falls to almost nothing after the scan has begun, and rises again.
      const result = scanInside(inside, config, 'hog');
      expect(result.progress.localFaults).toBeGreaterThan(0);
      expect(result.open).toEqual(Array.from({ length: 10 }, (_, i) => `10.9.0.1:${3000 + i}`));
      expect(result.hosts[0]?.not_shown).toEqual([
        { transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 90 },
        { transport: 'tcp', state: 'filtered', reason: 'no-response', count: 400 },
      ]);
      expect(result.others.filter(({ type }) => type === 'run.error')).toEqual([]);
    },
  );

  test('a low limit of descriptors is not a fault: fewer connects run at once', () => {
    inside.filter(['tcp dport 1000-1099 drop']);
    const config = { ...base, targets: ['10.9.0.1'], ports: '1000-1199', host_parallelism: 500 };
    const command = ['--nofile=64:64', process.execPath, runScanPath, JSON.stringify(config)];
    const result = JSON.parse(inside.run('prlimit', command)) as ScanResult;
    expect(result.progress.localFaults).toBe(0);
    expect(result.progress.probesDone).toBe(200);
  });

  test('a large network takes little memory', () => {
    const namespace = newNamespace(['10.64.0.0/16']);
    try {
      const config = { ...base, targets: ['10.64.0.0/16'], assume_up: 'all', ports: '80,443' };
      const { progress, rssMb } = scanInside(namespace, config, 'counts');
      expect(progress).toMatchObject({ hostsDone: 65_536, hostsUp: 65_536, probesDone: 131_072 });
      // About 100 MB of it are Node and the loading of sources.
      expect(rssMb).toBeLessThan(300);
    } finally {
      namespace[Symbol.dispose]();
    }
  });
});
