import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import type { RunUnit, ScanEvent, ScanHost, ScanPort } from '../../src/core/events.ts';
import { finishJob } from '../../src/store/scans/end-scan.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import type { Job } from '../../src/store/scans/jobs.ts';
import { startJob } from '../../src/store/scans/job-status.ts';
import { jobCoverage } from '../../src/store/scans/coverage.ts';
import type { Store } from '../../src/store/store.ts';
import { currentWorker } from '../../src/store/scans/process-identity.ts';

import { storeKinds, type TestStore } from './stores.ts';
import { newLeased } from './lease.ts';

let opened: TestStore;
let store: Store;

const config = (targets: string[], ports: string): object => ({ targets, ports, seed: 's' });

async function running(settings: object): Promise<Job> {
  const job = await createJob(store.database, { scan_type: 'network', config: settings });
  return startJob(store.database, job.id, currentWorker());
}

const port = (addr: string, number: number, t: number, more: Partial<ScanPort> = {}): ScanPort => ({
  type: 'scan.port',
  run_id: 'r',
  addr,
  transport: 'tcp',
  port: number,
  state: 'open',
  reason: 'syn-ack',
  t_first: t,
  t_last: t,
  ...more,
});

const host = (addr: string, t: number, more: Partial<ScanHost> = {}): ScanHost => ({
  type: 'scan.host',
  run_id: 'r',
  addr,
  state: 'up',
  reason: 'syn-ack',
  t,
  ...more,
});

const unit = (number: number, last: number, t: number, more: Partial<RunUnit> = {}): RunUnit => ({
  type: 'run.unit',
  run_id: 'r',
  unit: number,
  first: 0,
  last,
  status: 'completed',
  t_start: t,
  t_end: t,
  counts: { hosts: last + 1 },
  ...more,
});

const closed = (count: number): Pick<ScanHost, 'not_shown'> => ({
  not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count }],
});

const rows: TestStore['rows'] = (sql) => opened.rows(sql);

/** Records batches of one scan, each in a transaction. */
async function record({ id, config: settings }: Job, ...batches: ScanEvent[][]): Promise<void> {
  const coverage = jobCoverage(settings);
  for (const batch of batches) await store.record(id, eventBatch(batch), { coverage });
}

async function scan(settings: object, ...list: ScanEvent[][]): Promise<Job> {
  const job = await running(settings);
  await record(job, ...list);
  return finishJob(store.database, job.id, { status: 'completed', attempt: job.attempts });
}

describe.each(storeKinds)('on $name', ({ newStore }) => {
  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('a unit that is recorded twice changes no row', async () => {
    const job = await running(config(['192.0.2.1'], '22,80'));
    const events = [
      host('192.0.2.1', 1000, closed(0)),
      port('192.0.2.1', 22, 1000, { service: { name: 'ssh', product: 'OpenSSH', version: '9.2' } }),
      port('192.0.2.1', 80, 1001),
    ];
    const everything = (): Promise<unknown> =>
      Promise.all(
        ['host_scans', 'port_scans', 'services', 'hosts', 'host_ports', 'scan_errors'].map(
          (table) => rows(`SELECT * FROM ${table}`),
        ),
      );
    const first = await store.record(job.id, eventBatch(events));
    const before = await everything();
    await store.record(job.id, eventBatch(events));
    expect(first.portCount).toBe(2);
    expect(await everything()).toEqual(before);
    expect(await rows('SELECT port, product, version FROM host_ports ORDER BY port')).toEqual([
      { port: 22, product: 'OpenSSH', version: '9.2' },
      { port: 80, product: null, version: null },
    ]);
  });

  test('an older scan that comes later overwrites nothing newer, and moves only first_seen', async () => {
    const newer = await running(config(['192.0.2.1'], '22'));
    await store.record(
      newer.id,
      eventBatch([host('192.0.2.1', 2000, { hostname: 'new' }), port('192.0.2.1', 22, 2000)]),
    );
    const older = await running(config(['192.0.2.1'], '22'));
    await store.record(
      older.id,
      eventBatch([
        host('192.0.2.1', 1000, { hostname: 'old', state: 'down', reason: 'no-response' }),
        port('192.0.2.1', 22, 1000, { state: 'closed', reason: 'conn-refused' }),
      ]),
    );
    expect(
      await rows('SELECT state, first_seen, last_seen, last_changed FROM host_ports ORDER BY port'),
    ).toEqual([{ state: 'open', first_seen: 1000, last_seen: 2000, last_changed: 2000 }]);
    expect(await rows('SELECT status, hostname, first_seen, last_seen FROM hosts')).toEqual([
      { status: 'up', hostname: 'new', first_seen: 1000, last_seen: 2000 },
    ]);
  });

  test('in whatever order scans come, the inventory is the same', async () => {
    const nginx = { name: 'http', product: 'nginx', version: '1.25', method: 'http' };
    const guess = { service: { name: 'http', method: 'port' } } as const;
    const no = { state: 'closed', reason: 'conn-refused', ...guess } as const;
    const looks = [
      [
        port('192.0.2.1', 80, 1000, { service: nginx }),
        port('192.0.2.1', 81, 1000, { service: nginx }),
        port('192.0.2.1', 82, 1000, no),
      ],
      [
        port('192.0.2.1', 80, 2000, no),
        port('192.0.2.1', 81, 2000, guess),
        port('192.0.2.1', 82, 2000, no),
      ],
      [
        port('192.0.2.1', 80, 3000, no),
        port('192.0.2.1', 81, 3000, guess),
        port('192.0.2.1', 82, 3000, no),
      ],
    ] as const;
    const expected = [
      {
        address: '192.0.2.1',
        port: 80,
        state: 'closed',
        first_seen: 1000,
        last_seen: 1000,
        last_changed: 2000,
      },
      {
        address: '192.0.2.1',
        port: 81,
        state: 'open',
        first_seen: 1000,
        last_seen: 3000,
        last_changed: 1000,
      },
      {
        address: '192.0.2.1',
        port: 82,
        state: 'closed',
        first_seen: 1000,
        last_seen: 1000,
        last_changed: 1000,
      },
    ].map((row) => ({
      ...row,
      service: 'http',
      ...(row.port === 82
        ? { product: null, version: null }
        : { product: 'nginx', version: '1.25' }),
    }));
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const [index, order] of orders.entries()) {
      const addr = `192.0.2.${index + 1}`;
      for (const look of order) {
        const job = await running(config([addr], '80-82'));
        await store.record(job.id, eventBatch(looks[look]!.map((event) => ({ ...event, addr }))));
      }
      expect([
        order,
        await rows(
          `SELECT h.address, p.port, p.state, p.first_seen, p.last_seen, p.last_changed, p.service,
             p.product, p.version
           FROM host_ports p JOIN hosts h ON h.id = p.host_id WHERE h.address = '${addr}'
           ORDER BY p.port`,
        ),
      ]).toEqual([order, expected.map((row) => ({ ...row, address: addr }))]);
    }
  });

  test('what a later line of a scan does not say of a host is not unsaid', async () => {
    const about = { mac: '00:11:22:33:44:55', asn: 64_500, org: 'O', os_family: 'Linux' };
    for (const inOneBatch of [true, false]) {
      const addr = inOneBatch ? '192.0.2.1' : '192.0.2.2';
      const job = await running(config([addr], '80'));
      const said = [host(addr, 1000, about), host(addr, 2000, { hostname: 'h' })];
      for (const batch of inOneBatch ? [said] : said.map((one) => [one])) {
        await store.record(job.id, eventBatch(batch));
      }
    }
    for (const table of ['hosts', 'host_scans']) {
      const found = await rows(`SELECT hostname, mac, asn, org, os_family FROM ${table}`);
      expect(found.map((row) => ({ ...row, asn: Number(row['asn']) }))).toEqual([
        { hostname: 'h', ...about },
        { hostname: 'h', ...about },
      ]);
    }
  });

  test('what a port is known to be outlives scans that did not ask, and yields to those that did', async () => {
    const job = await running(config(['192.0.2.1'], '443'));
    const nginx = { name: 'https', product: 'nginx', version: '1.25', method: 'http' };
    const known = async (t: number, service?: ScanPort['service']): Promise<unknown> => {
      await store.record(job.id, eventBatch([port('192.0.2.1', 443, t, service && { service })]));
      const [row] = await rows('SELECT service, product, version FROM host_ports');
      return row && Object.values(row);
    };
    expect(await known(1000)).toEqual([null, null, null]);
    expect(await known(2000, { name: 'https', method: 'port' })).toEqual(['https', null, null]);
    expect(await known(3000, nginx)).toEqual(['https', 'nginx', '1.25']);
    expect(await known(4000)).toEqual(['https', 'nginx', '1.25']);
    expect(await known(5000, { name: 'other', method: 'port' })).toEqual([
      'https',
      'nginx',
      '1.25',
    ]);
    expect(await known(6000, { name: 'https', method: 'tls' })).toEqual(['https', 'nginx', '1.25']);
    expect(await known(7000, { ...nginx, version: '1.26' })).toEqual(['https', 'nginx', '1.26']);
    expect(await known(6500, { name: 'ssh', method: 'banner' })).toEqual([
      'https',
      'nginx',
      '1.26',
    ]);
    expect(await known(8000, { name: 'ssh', method: 'banner' })).toEqual(['ssh', null, null]);
  });

  test('a covered port that is no longer open becomes closed; one outside the coverage stays', async () => {
    await scan(config(['192.0.2.1'], '22,80,443'), [
      host('192.0.2.1', 1000, closed(0)),
      ...[22, 80, 443].map((number) => port('192.0.2.1', number, 1000)),
      unit(0, 0, 1000),
    ]);
    await scan(config(['192.0.2.1'], '22,80'), [
      host('192.0.2.1', 2000, closed(1)),
      port('192.0.2.1', 22, 2000),
      unit(0, 0, 2000),
    ]);
    expect(
      await rows('SELECT port, state, last_seen, last_changed FROM host_ports ORDER BY port'),
    ).toEqual([
      { port: 22, state: 'open', last_seen: 2000, last_changed: 1000 },
      { port: 80, state: 'closed', last_seen: 1000, last_changed: 2000 },
      { port: 443, state: 'open', last_seen: 1000, last_changed: 1000 },
    ]);
  });

  test('a host that was given up midway closes none of its ports', async () => {
    await scan(config(['192.0.2.1'], '22,80'), [
      host('192.0.2.1', 1000, closed(0)),
      port('192.0.2.1', 22, 1000),
      port('192.0.2.1', 80, 1000),
      unit(0, 0, 1000),
    ]);
    await scan(config(['192.0.2.1'], '22,80,8080'), [
      host('192.0.2.1', 2000, closed(1)),
      port('192.0.2.1', 22, 2000),
      unit(0, 0, 2000),
    ]);
    expect(await rows('SELECT state FROM host_ports')).toEqual([
      { state: 'open' },
      { state: 'open' },
    ]);
  });

  test('a known host that a newer scan covered and did not meet is down; others stay up', async () => {
    await scan(config(['192.0.2.0/30'], '22'), [
      host('192.0.2.1', 1000),
      port('192.0.2.1', 22, 1000),
      host('192.0.2.2', 1000),
      unit(0, 3, 1000),
    ]);
    await scan(config(['192.0.2.0/31'], '22'), [unit(0, 1, 2000)]);
    expect(
      await rows('SELECT address, status, last_seen, checked_at FROM hosts ORDER BY address'),
    ).toEqual([
      { address: '192.0.2.1', status: 'down', last_seen: 1000, checked_at: 2000 },
      { address: '192.0.2.2', status: 'up', last_seen: 1000, checked_at: 1000 },
    ]);
  });

  test('a partial unit concludes nothing, and its second, complete try replaces its row', async () => {
    await scan(config(['192.0.2.1'], '22'), [
      host('192.0.2.1', 1000),
      port('192.0.2.1', 22, 1000),
      unit(0, 0, 1000),
    ]);
    const job = await running(config(['192.0.2.1'], '22'));
    await record(job, [unit(0, 0, 2000, { status: 'partial' })]);
    expect(await rows('SELECT status FROM hosts')).toEqual([{ status: 'up' }]);
    await record(job, [unit(0, 0, 3000)]);
    expect(await rows('SELECT status FROM hosts')).toEqual([{ status: 'down' }]);
    expect(await rows('SELECT status FROM scan_units ORDER BY completed_at DESC LIMIT 1')).toEqual([
      { status: 'completed' },
    ]);
  });

  test('a completed unit is rejected, and so is a worker that lost its job', async () => {
    const lease = await newLeased(store.database, 2, { config: config(['192.0.2.1'], '22') });
    const { job } = lease;
    const events = [host('192.0.2.1', 1000), port('192.0.2.1', 22, 1000), unit(0, 0, 1000)];
    const options = { lease };
    expect((await store.record(job.id, eventBatch(events), options)).status).toBe('recorded');
    const late = eventBatch([port('192.0.2.1', 23, 1000), unit(0, 0, 1000)]);
    expect((await store.record(job.id, late, options)).status).toBe('done');
    const loose = eventBatch([port('192.0.2.1', 24, 1)]);
    const other = { workerId: 'another', attempts: lease.attempts };
    expect((await store.record(job.id, loose, { lease: other })).status).toBe('lost');
    const stale = { workerId: lease.workerId, attempts: new Map([[1, 9]]) };
    const second = eventBatch([port('192.0.2.1', 25, 1), unit(1, 0, 1000)]);
    expect((await store.record(job.id, second, { lease: stale })).status).toBe('lost');
    expect(await rows('SELECT port FROM port_scans')).toEqual([{ port: 22 }]);
  });

  test('a finished scan has its counts in its row', async () => {
    const job = await scan(config(['192.0.2.1'], '22,80'), [
      host('192.0.2.1', 1000, closed(1)),
      port('192.0.2.1', 22, 1000),
      {
        type: 'run.error',
        run_id: 'r',
        scope: 'port:192.0.2.1:tcp:22',
        code: 'E',
        message: 'm',
        t: 1,
      },
      unit(0, 0, 1000, { counts: { probes_sent: 3 } }),
    ]);
    expect(job).toMatchObject({ status: 'completed', host_count: 1, error_count: 1 });
    expect(job.counts).toMatchObject({ probes_sent: 3, ports_open: 1, hosts_up: 1, errors: 1 });
  });
});
