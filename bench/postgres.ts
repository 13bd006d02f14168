import { openPostgresStore } from '../src/store/postgres/open.ts';
import {
  packagedPostgres,
  type PostgresServer,
  startPostgresServer,
} from '../test/postgres/server.ts';
import { postgresIngest } from './postgres-ingest.ts';
import { askQuestions, fillStore } from './postgres-queries.ts';

/** A durable server. */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
};

async function newStore(): Promise<PostgresServer> {
  const server = await startPostgresServer(packagedPostgres()!, settings);
  await (await openPostgresStore(server.url, { create: true })).close();
  return server;
}

/** Compares recording into PostgreSQL with `psql \copy`. */
export async function benchPostgres(): Promise<void> {
  await using server = await newStore();
  const result = await postgresIngest(server.url);
  const ratio = (seconds: number): string => (result.shellSeconds / seconds).toFixed(2);
  const line = (name: string, seconds: number, limit: string): void =>
    console.log(
      `  ${name.padEnd(44)}${seconds.toFixed(1).padStart(6)} s  ${ratio(seconds)} × as fast ${limit}`,
    );
  console.log('1 million ports into PostgreSQL 18 (median of 3), relative to psql \\copy of CSV');
  line('psql \\copy', result.shellSeconds, '');
  line('binary COPY of the facts', result.copySeconds, '(limit 1.1)');
  line('portolan import, new hosts and ports', result.importSeconds, '(limit 0.3)');
  line('portolan import, hosts and ports all known', result.againSeconds, '(limit 0.3)');
  console.log(`  peak memory ${result.peakMegabytes.toFixed(0)} MB (limit 300)`);
}

/** Runs the most frequent queries; `PLANS=1` prints their plans. */
export async function benchQuestions(): Promise<void> {
  await using server = await newStore();
  await fillStore(server.url);
  console.log('10 million ports, 24 months, 20 tenants: queries of one tenant, ms');
  console.log(`  ${''.padEnd(28)}      p95    median   without security   ratio   full scans`);
  const isVerbose = process.env['PLANS'] !== undefined;
  for (const { question, withSecurity, without, fullScans, plan } of await askQuestions(
    server.url,
  )) {
    const times = `${ms(withSecurity.p95, 9)}${ms(withSecurity.median, 10)}${ms(without.median, 19)}`;
    const ratio = (withSecurity.median / without.median).toFixed(2);
    console.log(
      `  ${question.padEnd(28)}${times}${ratio.padStart(8)}${String(fullScans).padStart(13)}`,
    );
    if (isVerbose) console.log(plan);
  }
}

function ms(time: number, width: number): string {
  return time.toFixed(1).padStart(width);
}
