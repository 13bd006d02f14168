import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { portolan } from './cli.ts';
import { type PortolanProcess, startPortolan } from './process.ts';

/** A store of its own, and a scan into it that takes minutes if nobody stops it. */
function newScan(): { db: string; words: readonly string[] } {
  const db = join(mkdtempSync(join(tmpdir(), 'portolan-stop-')), 'results.db');
  const pace = ['--rate', '2000', '--no-probe', '--no-dns'];
  const words = ['scan', '127.9.0.1-200', '-p', '1-500', ...pace];
  return { db, words: [...words, '--db', db] };
}

interface ScanRow {
  readonly id: string;
  readonly status: string;
  readonly hosts_up: number;
  readonly host_count: number;
}

async function scansIn(db: string): Promise<ScanRow[]> {
  const { stdout } = await portolan(['scans', '--json', '--db', db]);
  return JSON.parse(stdout || '[]') as ScanRow[];
}

/** Waits until the newest scan of a store is under way and has recorded a unit. */
async function underWay(db: string, { child }: PortolanProcess): Promise<void> {
  while (child.exitCode === null) {
    await sleep(100);
    try {
      using shell = new DatabaseSync(db, { readOnly: true });
      const query = `SELECT count(*) AS n FROM scan_units u JOIN scan_jobs j ON j.id = u.job_id
        WHERE j.status = 'running' AND u.status = 'completed'`;
      if ((shell.prepare(query).get() as { n: number }).n > 0) return;
    } catch {
      continue; // not made yet
    }
  }
}

test.each([
  [['SIGINT', 'SIGINT'], 130],
  [['SIGTERM'], 143],
  [['SIGHUP'], 129],
] as const)('after %j at once a scan is cancelled, and the status %i', async (signals, status) => {
  const { db, words } = newScan();
  const scan = startPortolan(words);
  await underWay(db, scan);
  for (const signal of signals) scan.child.kill(signal);
  const ended = await scan.ended;
  expect([ended.status, ended.signal]).toEqual([status, null]);
  expect(await scansIn(db)).toMatchObject([{ status: 'cancelled' }]);
});

test('of two processes that resume a scan at once, one does, and the other is told which', async () => {
  const { db, words } = newScan();
  const scan = startPortolan(words);
  await underWay(db, scan);
  scan.child.kill('SIGINT');
  await scan.ended;
  const both = [1, 2].map(() => startPortolan(['resume', 'last', '--db', db]));
  const first = await Promise.race(both.map(async (one) => ({ one, ...(await one.ended) })));
  const other = both.find((one) => one !== first.one)!;
  expect(first.status).toBe(1);
  expect(first.stderr).toMatch(
    new RegExp(`is being run by process ${other.child.pid} on \\S+: wait`),
  );
  other.child.kill('SIGINT');
  expect((await other.ended).status).toBe(130);
});

test('a resumed scan that is killed counts what it recorded, not what it was about to', async () => {
  const { db, words } = newScan();
  const scan = startPortolan(words);
  await underWay(db, scan);
  scan.child.kill('SIGINT');
  await scan.ended;
  const resumed = startPortolan(['resume', 'last', '--db', db]);
  // Its heartbeat, once a second, tells of more hosts than are recorded.
  await sleep(2500);
  resumed.child.kill('SIGKILL');
  await resumed.ended;
  const [row] = await scansIn(db);
  using shell = new DatabaseSync(db, { readOnly: true });
  const recorded = shell
    .prepare("SELECT count(*) AS hosts, sum(state = 'up') AS up FROM host_scans")
    .get();
  expect(row).toMatchObject({ status: 'crashed' });
  expect({ hosts: row!.host_count, up: row!.hosts_up }).toEqual({ ...recorded });
});
