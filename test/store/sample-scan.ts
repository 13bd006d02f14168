import type { ScanEvent } from '../../src/core/events.ts';
import { selfSigned } from './self-signed.ts';

/** What tells one sample from another. */
export interface Sample {
  /** An address; its network is what was scanned. */
  readonly address: string;
  /** Epoch ms. */
  readonly t: number;
  /** Stands in every text of it. */
  readonly mark: string;
}

/** Events of a whole scan that has a row for every table of facts. */
export function sampleScan({ address, t, mark }: Sample): ScanEvent[] {
  const run_id = mark;
  const place = { run_id, addr: address, transport: 'tcp' as const, port: 443 };
  const { leaf } = selfSigned();
  return [
    {
      type: 'run.start',
      run_id,
      t,
      tool_version: 'test',
      args: [mark],
      scan_type: 'network',
      config: { targets: [address], ports: '22,443', seed: mark },
      coverage: { targets: [address], ports: '22,443' },
    },
    {
      type: 'scan.host',
      run_id,
      addr: address,
      state: 'up',
      reason: 'syn-ack',
      hostname: `${mark}.example.com`,
      mac: '00:00:5E:00:53:01',
      not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 1 }],
      t,
    },
    {
      ...place,
      type: 'scan.port',
      state: 'open',
      reason: 'syn-ack',
      service: { name: 'https', product: `nginx ${mark}`, version: '1.25', method: 'http' },
      t_first: t,
      t_last: t,
    },
    { ...place, type: 'scan.banner', protocol: 'http', banner: `hello ${mark}`, t },
    {
      ...place,
      type: 'web.endpoint',
      scheme: 'https',
      authority: `${mark}.example.com`,
      path: '/',
      status: 200,
      h2: 1,
      server_header: 'nginx',
      content_type: 'text/html',
      title: `Page of ${mark}`,
      favicon_hash: 7,
      tech_tags: [mark],
      tls: { version: 'TLSv1.3', ja3: mark, ja3s: mark, server_name: mark, chain: [leaf] },
      t,
    },
    {
      ...place,
      type: 'scan.finding',
      source: 'nuclei',
      rule: mark,
      name: mark,
      severity: 'high',
      matched_at: `https://${mark}.example.com/`,
      t,
    },
    { ...place, type: 'scan.script', script: 'http-title', output: mark, data: { mark }, t },
    { type: 'scan.os', run_id, addr: address, matches: [{ name: mark, accuracy: 1 }], t },
    { type: 'scan.trace', run_id, addr: address, hops: [{ ttl: 1, addr: address }], t },
    { type: 'run.error', run_id, scope: `port:${address}:tcp:443`, code: 'E', message: mark, t },
    {
      type: 'run.unit',
      run_id,
      unit: 0,
      first: 0,
      last: 0,
      status: 'completed',
      t_start: t,
      t_end: t,
      counts: { probes_sent: 2 },
    },
    {
      type: 'run.finish',
      run_id,
      t,
      status: 'completed',
      host_count: 1,
      error_count: 1,
      counts: {},
    },
  ];
}

/** The same as JSON Lines. */
export function sampleLines(sample: Sample): string {
  return sampleScan(sample)
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');
}
