import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { importEvents } from '../store/filled.ts';
import { selfSigned } from '../store/self-signed.ts';

export const firstRun = '01920000-0000-7000-8000-000000000001';
export const secondRun = '01930000-0000-7000-8000-000000000002';

type Event = Readonly<Record<string, unknown>>;

/** Two scans, in September and in October 2024, with all that can stand in a data set. */
export function sampleEvents(): Event[] {
  const { leaf, issuer } = selfSigned();
  const t = Date.UTC(2024, 8, 10);
  const base = { run_id: firstRun, addr: '192.0.2.10', transport: 'tcp' };
  const start = { tool_version: '1', args: ['scan', 'a "b"\n'], scan_type: 'network' };
  const page = { ...base, type: 'web.endpoint', port: 443, path: '/', status: 200, h2: 1 };
  const tls = { version: 'TLSv1.3', ja3: 'a', ja3s: 'b', chain: [leaf, issuer] };
  return [
    { type: 'run.start', run_id: firstRun, t, ...start, config: {}, coverage: {}, git_sha: 'abc' },
    {
      type: 'scan.host',
      run_id: firstRun,
      addr: '192.0.2.10',
      state: 'up',
      t,
      reason: 'syn-ack',
      hostname: 'app, "x"',
      asn: 4_200_000_000,
      org: '=1+1',
    },
    port(base, 22, { name: 'ssh', product: 'OpenSSH', version: '9.2', confidence: 0.9 }, t),
    port(base, 80, { name: '' }, t),
    port(base, 443, { name: 'a|b,c"\n', confidence: 1, method: 'tls' }, t),
    { ...port(base, 9000, undefined, t), state: 'open|filtered', reason: 'no-response' },
    port({ ...base, addr: '2001:db8::1' }, 443, undefined, t),
    port({ ...base, transport: 'udp' }, 53, { name: 'domain' }, t),
    { ...base, type: 'scan.banner', port: 22, protocol: 'ssh', banner: 'SSH-2.0\r\n\u0001é', t },
    {
      ...page,
      scheme: 'https',
      authority: 'app.example.com',
      server_header: 'nginx',
      tls,
      t,
      content_type: 'text/html',
      favicon_hash: -5,
      tech_tags: ['nginx', 'react'],
    },
    { ...page, port: 80, scheme: 'http', authority: 'app.example.com', path: '/x?a=b', t },
    {
      type: 'run.error',
      run_id: firstRun,
      scope: 'port:192.0.2.10:tcp:443',
      t,
      code: 'ECONNRESET',
      message: "'=1+1",
    },
    finish(firstRun, t + 5000),
    ...secondScan(),
  ];
}

function secondScan(): Event[] {
  const t = Date.UTC(2024, 9, 20);
  const base = { run_id: secondRun, addr: '192.0.2.10', transport: 'tcp' };
  const start = { type: 'run.start', run_id: secondRun, t, tool_version: '1', args: [] };
  return [
    { ...start, scan_type: 'network', config: {}, coverage: {} },
    port(base, 22, { name: 'ssh', product: 'OpenSSH', version: '9.6' }, t),
    finish(secondRun, t + 1000),
  ];
}

export function port(base: Event, number: number, service: Event | undefined, t: number): Event {
  const seen = { type: 'scan.port', port: number, state: 'open', reason: 'syn-ack' };
  return { ...base, ...seen, ...(service && { service }), t_first: t + 1, t_last: t + 26 };
}

export function finish(run_id: string, t: number): Event {
  return {
    type: 'run.finish',
    run_id,
    t,
    status: 'completed',
    host_count: 1,
    error_count: 0,
    counts: {},
  };
}

/** A new store with the sample in it. */
export async function sampleStore(path: string): Promise<Store> {
  const store = await openSqliteStore(path, { create: true });
  await importEvents(store, sampleEvents());
  return store;
}
