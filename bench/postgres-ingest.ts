import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { EventBatchBuilder } from '../src/core/event-batch.ts';
import { portStates, reasons, transports } from '../src/core/states.ts';
import { BinaryCopy, textField, uuidBytes } from '../src/store/postgres/binary-copy.ts';
import { copyInto } from '../src/store/postgres/staging.ts';
import { writePorts } from './ingest.ts';
import { median } from './median.ts';

const run = promisify(execFile);

export interface CopyResult {
  /** Medians, seconds. */
  readonly shellSeconds: number;
  readonly copySeconds: number;
  readonly importSeconds: number;
  readonly againSeconds: number;
  readonly peakMegabytes: number;
}

/** The columns that are filled; the others are NULL in every variant. */
const columns =
  'tenant_id, job_id, host_id, transport, port, state, reason, service, confidence, method, first_seen, last_seen';

/**
 * Loads the same ports into the same partitioned table, with its indexes and references: by
 * `psql \copy` of CSV; by the binary encoder; and by a whole import, including JSON, hosts and
 * inventory, into an empty inventory and into one that knows every port.
 */
export async function postgresIngest(
  url: string,
  rows = 1_000_000,
  rounds = 3,
): Promise<CopyResult> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-pg-ingest-'));
  const client = new Client({ connectionString: url });
  await client.connect();
  const seconds = {
    shell: [] as number[],
    copy: [] as number[],
    import: [] as number[],
    again: [] as number[],
  };
  let peakMegabytes = 0;
  try {
    const file = join(folder, 'ports.jsonl');
    await writePorts(file, rows, 4_000);
    for (let round = 0; round < rounds; round++) {
      await client.query('TRUNCATE scan_jobs, hosts CASCADE');
      const first = await timeImport(file, url);
      seconds.import.push(first.seconds);
      peakMegabytes = Math.max(peakMegabytes, first.megabytes);
      const csv = join(folder, 'ports.csv');
      await run('psql', [url, '-qc', `\\copy (SELECT ${columns} FROM port_scans) TO '${csv}' CSV`]);
      await client.query('TRUNCATE port_scans; CHECKPOINT');
      seconds.shell.push(
        await timed(() =>
          run('psql', [url, '-qc', `\\copy port_scans (${columns}) FROM '${csv}' CSV`]),
        ),
      );
      const batch = await readBack(client, rows);
      await client.query('TRUNCATE port_scans; CHECKPOINT');
      seconds.copy.push(await timed(() => copyFacts(client, batch)));
      // New facts; all hosts and ports are known.
      await client.query('TRUNCATE port_scans, host_scans; CHECKPOINT');
      seconds.again.push((await timeImport(file, url)).seconds);
    }
  } finally {
    await client.end();
    await rm(folder, { recursive: true });
  }
  return {
    shellSeconds: median(seconds.shell),
    copySeconds: median(seconds.copy),
    importSeconds: median(seconds.import),
    againSeconds: median(seconds.again),
    peakMegabytes,
  };
}

type Batch = {
  tenant: string;
  job: string;
  hosts: string[];
  ports: ReturnType<EventBatchBuilder['take']>['ports'];
};

/** The rows of the table as the columns that an import uses. */
async function readBack(client: Client, rows: number): Promise<Batch> {
  const { rows: keys } = await client.query<{ id: string; address: string; tenant_id: string }>(
    'SELECT id, host(address) AS address, tenant_id FROM hosts',
  );
  const { rows: jobs } = await client.query<{ id: string }>('SELECT id FROM scan_jobs');
  const builder = new EventBatchBuilder(rows);
  const perHost = Math.ceil(rows / keys.length);
  const names = ['http', 'https', 'ssh', 'domain', 'smtp', 'mysql'];
  for (let i = 0; i < rows; i++) {
    builder.add({
      type: 'scan.port',
      run_id: 'r',
      addr: keys[Math.floor(i / perHost)]!.address,
      transport: 'tcp',
      port: 1 + (((i % perHost) * 13) % 65_535),
      state: 'open',
      reason: 'syn-ack',
      ...(i % 5 === 0 && { service: { name: names[i % 6]!, confidence: 0.9, method: 'banner' } }),
      t_first: 1_725_900_000_101 + i,
      t_last: 1_725_900_000_126 + i,
    });
  }
  const { ports } = builder.take();
  const ids = new Map(keys.map(({ id, address }) => [address, id]));
  const hosts = ports.addresses.map((address) => ids.get(address)!);
  return { tenant: keys[0]!.tenant_id, job: jobs[0]!.id, hosts, ports };
}

async function copyFacts(client: Client, { tenant, job, hosts, ports }: Batch): Promise<void> {
  const copy = new BinaryCopy(512 * 1024);
  const keys = hosts.map(uuidBytes);
  const [tenantKey, jobKey] = [uuidBytes(tenant), uuidBytes(job)];
  const transportFields = transports.map(textField);
  const stateFields = portStates.map(textField);
  const reasonFields = reasons.map(textField);
  await copyInto(client, `port_scans (${columns})`, copy, function* () {
    for (let row = 0; row < ports.length; row++) {
      copy.row(12);
      copy.bytes(tenantKey);
      copy.bytes(jobKey);
      copy.bytes(keys[ports.address[row]!]!);
      copy.field(transportFields[ports.transport[row]!]!);
      copy.int4(ports.port[row]!);
      copy.field(stateFields[ports.state[row]!]!);
      copy.field(reasonFields[ports.reason[row]!]!);
      const service = ports.services[ports.service[row]!];
      if (service) {
        copy.text(service.name);
        copy.float8(service.confidence ?? 0);
        copy.text(service.method ?? '');
      } else {
        for (let i = 0; i < 3; i++) copy.null();
      }
      copy.time(ports.first[row]!);
      copy.time(ports.last[row]!);
      if (copy.isFull) yield;
    }
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function source(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url));
}

async function timeImport(
  file: string,
  url: string,
): Promise<{ seconds: number; megabytes: number }> {
  const program = `
    import { openPostgresStore } from ${source('../src/store/postgres/open.ts')};
    import { recordImport } from ${source('../src/record/import-recorder.ts')};
    import { readImport } from ${source('../src/import/read-import.ts')};
    const store = await openPostgresStore(${JSON.stringify(url)}, { create: true });
    await recordImport(store, readImport({ path: ${JSON.stringify(file)} }));
    await store.close();
    console.log(process.resourceUsage().maxRSS);`;
  const started = performance.now();
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  return { seconds: (performance.now() - started) / 1000, megabytes: Number(stdout) / 1024 };
}
