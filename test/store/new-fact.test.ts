import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import type { RunPhase, ScanEvent } from '../../src/core/events.ts';
import { defaultTenantId } from '../../src/core/ids.ts';
import { openDatabase } from '../../src/database/driver.ts';
import { storedEvents } from '../../src/store/export/events.ts';
import {
  boolean,
  integer,
  json,
  named,
  optional,
  text,
  time,
} from '../../src/store/facts/columns.ts';
import type { Fact } from '../../src/store/facts/fact.ts';
import { facts } from '../../src/store/facts/facts.ts';
import { eventPerRow } from '../../src/store/facts/read-rows.ts';
import { orphanChecks } from '../../src/store/maintenance/orphans.ts';
import { defaultPool, openPool } from '../../src/store/postgres/connection.ts';
import { postgresRecorder } from '../../src/store/postgres/record.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import { countFacts, removeJob } from '../../src/store/scans/end-scan.ts';
import { sqliteConnection } from '../../src/store/sqlite/database.ts';
import { sqliteRecorder } from '../../src/store/sqlite/record.ts';
import type { Store } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { storeKinds, type TestStore } from './stores.ts';

/** All that a new fact needs: this declaration, and a migration per dialect. */
const columns = {
  phase: text,
  order: named('place', integer),
  name: optional(text),
  t_start: time,
  t: named('t_end', time),
  success: boolean,
  error_code: optional(text),
  error_message: optional(text),
  metrics: json<RunPhase['metrics']>(),
};
const phases: Fact<RunPhase, typeof columns> = {
  table: 'run_phases',
  owner: 'scan',
  columns,
  key: ['phase', 'order'],
  merge: 'newest',
  count: 'phases',
  references: [
    {
      message: 'phases without their host',
      isMissing: `NOT EXISTS (SELECT 1 FROM host_scans h WHERE h.job_id = x.job_id)`,
    },
  ],
  events: ['run.phase'],
  rowsOf: (event) => [{ ...event, t: event.t_end }],
  eventsOf: (scan) =>
    eventPerRow(scan, phases, ({ t, ...row }) => {
      return { type: 'run.phase', run_id: scan.id, ...row, t_end: t };
    }),
};
const everyFact = [...facts, phases];

const migrations = {
  sqlite: `
    CREATE TABLE run_phases (
      job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
      phase TEXT NOT NULL, place INTEGER NOT NULL, name TEXT, t_start INTEGER NOT NULL,
      t_end INTEGER NOT NULL, success INTEGER NOT NULL, error_code TEXT, error_message TEXT,
      metrics TEXT NOT NULL, PRIMARY KEY (job_id, phase, place)
    ) STRICT`,
  postgres: `
    CREATE TABLE run_phases (
      tenant_id uuid NOT NULL, job_id uuid NOT NULL,
      phase text NOT NULL, place integer NOT NULL, name text, t_start timestamptz NOT NULL,
      t_end timestamptz NOT NULL, success boolean NOT NULL, error_code text, error_message text,
      metrics jsonb NOT NULL, PRIMARY KEY (job_id, phase, place),
      FOREIGN KEY (tenant_id, job_id) REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE
    ) PARTITION BY RANGE (job_id);
    CREATE TABLE run_phases_default PARTITION OF run_phases DEFAULT;
    GRANT SELECT, INSERT, UPDATE, DELETE ON run_phases TO portolan_app, portolan_maintenance`,
};

interface Opened extends AsyncDisposable {
  readonly test: TestStore;
  readonly record: Store['record'];
}

/** A store with the table, and a recorder that knows the fact. */
async function open({ kind, newStore }: (typeof storeKinds)[number]): Promise<Opened> {
  const opened = await newStore();
  if (kind === 'sqlite') {
    const db = openDatabase(opened.db);
    db.exec(migrations.sqlite);
    return {
      test: opened,
      record: sqliteRecorder(sqliteConnection(db, opened.db), everyFact),
      async [Symbol.asyncDispose]() {
        db.close();
        await opened[Symbol.asyncDispose]();
      },
    };
  }
  const pool = openPool(opened.db, { ...defaultPool, max: 1 });
  await pool.query(migrations.postgres);
  const role = { name: 'portolan_app', tenantId: defaultTenantId } as const;
  return {
    test: opened,
    record: postgresRecorder({ pool, url: opened.db, location: opened.db }, role, everyFact),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await opened[Symbol.asyncDispose]();
    },
  };
}

const phase = (run_id: string, order: number, more: Partial<RunPhase> = {}): RunPhase => ({
  type: 'run.phase',
  run_id,
  phase: 'discovery',
  order,
  t_start: 1000,
  t_end: 2000,
  success: true,
  metrics: { probes: order },
  ...more,
});

async function exported(store: Store, id: string): Promise<ScanEvent[]> {
  const events = await Array.fromAsync(storedEvents(store.database, [id], everyFact));
  return events.filter(({ type }) => type === 'run.phase');
}

describe.each(storeKinds)('a new fact on $name', (kind) => {
  let opened: Opened;
  let store: Store;

  beforeEach(async () => {
    opened = await open(kind);
    store = opened.test.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('is recorded once however often it comes, the newest one of a key', async () => {
    const { id } = await createJob(store.database, { scan_type: 'network', config: {} });
    const failed = phase(id, 1, { t_end: 3000, success: false, error_code: 'TIMEOUT' });
    const batch = eventBatch([phase(id, 0, { name: 'ping' }), phase(id, 1), failed]);
    for (const events of [batch, eventBatch([phase(id, 1)]), batch]) {
      expect(await opened.record(id, events)).toMatchObject({ status: 'recorded', skipped: {} });
    }
    expect(
      await opened.test.rows(
        'SELECT place, name, success, error_code, metrics FROM run_phases ORDER BY place',
      ),
    ).toEqual([
      { place: 0, name: 'ping', success: 1, error_code: null, metrics: { probes: 0 } },
      { place: 1, name: null, success: 0, error_code: 'TIMEOUT', metrics: { probes: 1 } },
    ]);
    expect(await exported(store, id)).toEqual([phase(id, 0, { name: 'ping' }), failed]);
  });

  test('is copied with its scan, and removed with it', async () => {
    const { id } = await createJob(store.database, { scan_type: 'network', config: {} });
    await opened.record(id, eventBatch([phase(id, 0)]));
    const other = storeKinds[kind.kind === 'sqlite' ? 1 : 0] ?? kind;
    await using target = await open(other);
    const copy = await portolan(['db', 'copy', opened.test.db, target.test.db]);
    expect(copy).toMatchObject({ status: 0 });
    expect(await exported(target.test.store, id)).toEqual([phase(id, 0)]);
    await removeJob(store.database, id);
    expect(await opened.test.rows('SELECT * FROM run_phases')).toEqual([]);
  });

  test('is counted in its scan, and checked for what it refers to', async () => {
    const { id } = await createJob(store.database, { scan_type: 'network', config: {} });
    await opened.record(id, eventBatch([phase(id, 0), phase(id, 1)]));
    await countFacts(store.database, id, {}, everyFact);
    expect(await opened.test.rows('SELECT counts FROM scan_jobs')).toMatchObject([
      { counts: { phases: 2, banners: 0, errors: 0 } },
    ]);
    const orphans = orphanChecks(everyFact).filter(({ table }) => table === phases.table);
    expect(orphans).toMatchObject([{ message: 'phases without their host' }]);
    expect(await opened.test.rows(orphans[0]!.query)).toEqual([{ n: 2 }]);
  });

  test('is counted as skipped where it is not declared', async () => {
    const { id } = await createJob(store.database, { scan_type: 'network', config: {} });
    const recorded = await store.record(id, eventBatch([phase(id, 0)]));
    expect(recorded).toMatchObject({ status: 'recorded', skipped: { 'run.phase': 1 } });
  });
});
