import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../src/core/clock.ts';
import { newLauncher } from '../src/jobs/launcher.ts';
import { passSchedules, runSchedules, type SchedulerOptions } from '../src/jobs/run-schedules.ts';
import type { TickOutcome } from '../src/jobs/schedule-tick.ts';
import { openPostgresStore } from '../src/store/postgres/open.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import { getJob } from '../src/store/scans/jobs.ts';
import { setJobStatus } from '../src/store/scans/job-status.ts';
import { listAudit } from '../src/store/setup/audit.ts';
import { latestRuns } from '../src/store/setup/schedule-runs.ts';
import {
  addSchedule,
  findSchedule,
  type NewSchedule,
  setScheduleEnabled,
} from '../src/store/setup/schedules.ts';
import type { Store } from '../src/store/store.ts';
import { addTarget, setTargetEnabled } from '../src/store/setup/targets.ts';
import { requeueJob } from '../src/store/scans/transitions.ts';
import { type JobFilter, listJobs } from '../src/store/scans/find-scan.ts';
import { addTenant } from '../src/store/setup/tenants.ts';
import {
  dropDatabase,
  newDatabase,
  postgresServers,
  type StoreKind,
  storeKinds,
  type TestStore,
} from './store/stores.ts';

const zone = 'Europe/Berlin';
const minute = 60_000;
const hour = 60 * minute;

/** A store that is open once more, as another process has it. */
function reopened({ kind }: StoreKind, { db }: TestStore): Promise<Store> {
  return kind === 'sqlite' ? openSqliteStore(db) : openPostgresStore(db);
}

/** One scheduler at a time of its own. */
function scheduler(now: number, more: Partial<SchedulerOptions> = {}): SchedulerOptions {
  const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
  return { clock, signal: new AbortController().signal, toolVersion: '0', ...more };
}

async function withSchedule(store: Store, now: number, schedule: Partial<NewSchedule>) {
  await addTarget(store.database, {
    name: 'one',
    targets: ['127.0.0.1'],
    settings: { ports: '9' },
  });
  const whole = { name: 's', cron: '0 * * * *', time_zone: zone, target: 'one', ...schedule };
  return addSchedule(store.database, whole, now);
}

/** The ticks of a schedule, oldest first, with what became of them. */
async function runsOf(store: Store, name = 's') {
  const { id } = await findSchedule(store.database, name);
  return (await latestRuns(store.database, id, 1000)).toReversed();
}

async function pass(store: Store, now: number, more: Partial<SchedulerOptions> = {}) {
  const outcomes: TickOutcome[] = [];
  const onTick = (outcome: TickOutcome): void => void outcomes.push(outcome);
  await passSchedules(store, scheduler(now, { onTick, ...more }));
  return outcomes;
}

/** Ends scans as if they had run. */
async function endScans(store: Store, to: 'completed' | 'failed' = 'completed') {
  for (const { scan, scan_status: status } of await runsOf(store)) {
    if (scan === null || status !== 'pending') continue;
    await setJobStatus(store.database, scan, 'running');
    await setJobStatus(store.database, scan, to);
  }
}

/** A server that takes connects and says nothing. */
async function listening() {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

describe.each(storeKinds)('schedules on $name', (kind) => {
  test.each([
    { change: 'forward', from: '2026-03-28T23:00Z', at2: ['2026-03-29T01:00Z'], hours: 6 },
    { change: 'back', from: '2026-10-24T22:00Z', at2: ['2026-10-25T00:30Z'], hours: 6 },
  ])(
    'three schedulers run every tick once where clocks are set $change, and jump',
    async ({ from, at2, hours }) => {
      await using opened = await kind.newStore();
      await using second = await reopened(kind, opened);
      await using third = await reopened(kind, opened);
      const { store } = opened;
      const start = Date.parse(from);
      await withSchedule(store, start, { cron: '0,30 * * * *' });
      await addSchedule(
        store.database,
        { name: 'daily', cron: '30 2 * * *', time_zone: zone, target: 'one' },
        start,
      );
      // After three hours every clock jumps back by one, and then goes on.
      const steps = Array.from({ length: hours * 2 + 1 }, (_, step) => step * 30);
      const minutes = [...steps.slice(0, 7), 120, 150, ...steps.slice(6)];
      const started: TickOutcome[] = [];
      for (const after of minutes) {
        const now = start + after * minute;
        const outcomes = await Promise.all(
          [store, second, third].map((each, index) => pass(each, now + index * 100)),
        );
        started.push(...outcomes.flat());
        await endScans(store);
      }
      const expected = Array.from({ length: hours * 2 }, (_, i) => start + (i + 1) * 30 * minute);
      const ofName = (name: string) =>
        started.filter(({ schedule }) => schedule === name).map(({ tick }) => tick);
      expect(ofName('s')).toEqual(expected);
      expect(ofName('daily')).toEqual(at2.map((at) => Date.parse(at)));
      const runs = await runsOf(store);
      expect(runs.map(({ tick_at: tick }) => tick)).toEqual(expected);
      const scans = started.map(({ scan }) => scan);
      expect(new Set(scans).size).toBe(expected.length + at2.length);
      const rows = await opened.rows('SELECT count(*) AS count FROM scan_jobs');
      expect(Number(rows[0]!['count'])).toBe(expected.length + at2.length);
    },
  );

  test('ticks without a scheduler are skipped, or made up for by one scan', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:10Z');
    await withSchedule(store, start, {});
    await addSchedule(
      store.database,
      { name: 'late', cron: '0 * * * *', time_zone: zone, target: 'one', missed: 'run-once' },
      start,
    );
    const outcomes = await pass(store, start + 5 * hour);
    expect(outcomes.map(({ schedule, status }) => [schedule, status])).toEqual([
      ['late', 'started'],
      ['s', 'missed'],
    ]);
    const [run] = await runsOf(store, 'late');
    expect(run).toMatchObject({ tick_at: Date.parse('2026-06-01T05:00Z'), missed_before: 4 });
    expect(await pass(store, start + 5 * hour)).toEqual([]);
  });

  test('a schedule whose scan is still running starts no second one', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, {});
    const [first] = await pass(store, start + hour);
    const [second] = await pass(store, start + 2 * hour);
    expect(second).toMatchObject({
      status: 'skipped',
      reason: `scan ${first!.scan} is still pending`,
    });
    await endScans(store);
    expect(await pass(store, start + 3 * hour)).toMatchObject([{ status: 'started' }]);
    const runs = await runsOf(store);
    expect(runs.map(({ status }) => status)).toEqual(['completed', 'skipped', 'started']);
  });

  test('jitter delays a tick equally for every scheduler', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { jitter_ms: 30 * minute });
    let began = 0;
    for (let after = 60; after <= 91 && began === 0; after++) {
      const outcomes = await pass(store, start + after * minute);
      if (outcomes.length > 0) began = after;
    }
    expect(began).toBeGreaterThan(60);
    const [run] = await runsOf(store);
    expect(run!.tick_at).toBe(start + hour);
  });

  test('failures one after the other suspend a schedule until it is enabled', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { max_failures: 2 });
    const suspended: string[] = [];
    const onSuspend = (name: string): void => void suspended.push(name);
    for (const [index, end] of (['failed', 'completed', 'failed', 'failed'] as const).entries()) {
      await pass(store, start + (index + 1) * hour, { onSuspend });
      await endScans(store, end);
    }
    expect(suspended).toEqual([]);
    expect(await pass(store, start + 5 * hour, { onSuspend })).toEqual([]);
    expect(suspended).toEqual(['s']);
    const { rows } = await listAudit(store.database, { action: 'schedule.suspend' });
    expect(rows).toHaveLength(1);
    await setScheduleEnabled(store.database, 's', true, start + 6 * hour);
    expect(await findSchedule(store.database, 's')).toMatchObject({
      failures: 0,
      suspended_at: null,
      next_at: start + 7 * hour,
    });
    expect(await pass(store, start + 7 * hour)).toMatchObject([{ status: 'started' }]);
  });

  test('a target that cannot be resolved is a failure that tells why', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await addTarget(store.database, { name: 'gone', targets: ['nowhere.invalid'] });
    await withSchedule(store, start, { target: 'gone' });
    const [outcome] = await pass(store, start + hour);
    expect(outcome).toMatchObject({ status: 'failed' });
    expect(outcome!.reason).toContain('nowhere.invalid');
    expect(await findSchedule(store.database, 's')).toMatchObject({ failures: 1 });
  });

  test('a disabled target or one outside its hours is skipped', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { allowed_hours: '04:00-08:00' });
    expect(await pass(store, start + hour)).toMatchObject([
      { status: 'skipped', reason: 'outside the allowed hours' },
    ]);
    await setTargetEnabled(store.database, 'one', false);
    expect(await pass(store, start + 2 * hour)).toMatchObject([
      { status: 'skipped', reason: 'target "one" is disabled' },
    ]);
  });

  test('a running scan pauses outside the allowed hours, and resumes inside', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { cron: '0 3 * * *', allowed_hours: '02:00-04:00' });
    const [outcome] = await pass(store, start + hour);
    const scan = outcome!.scan!;
    await setJobStatus(store.database, scan, 'running');
    await pass(store, start + 1.5 * hour);
    expect((await getJob(store.database, scan)).status).toBe('running');
    await pass(store, start + 2 * hour);
    expect((await getJob(store.database, scan)).status).toBe('paused');
    await pass(store, start + 23 * hour);
    expect((await getJob(store.database, scan)).status).toBe('paused');
    await pass(store, start + 24 * hour);
    expect((await getJob(store.database, scan)).status).toBe('running');
    // One that a person paused stays so.
    await pass(store, start + 24 * hour);
    await setJobStatus(store.database, scan, 'paused');
    await pass(store, start + 24.5 * hour);
    expect((await getJob(store.database, scan)).status).toBe('paused');
  });

  test('the loop makes the scan when its time comes, and runs it', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    await using server = await listening();
    const { port } = server;
    let now = Date.parse('2026-06-01T00:59:59Z');
    await addTarget(store.database, {
      name: 'here',
      targets: ['127.0.0.1'],
      settings: { ports: String(port), probe: false },
    });
    await withSchedule(store, now, { target: 'here' });
    const controller = new AbortController();
    const launcher = newLauncher({
      concurrency: 1,
      signal: new AbortController().signal,
      onEnd: () => controller.abort(),
    });
    const clock: Clock = {
      now: () => now,
      async wait(ms) {
        now += ms;
        await sleep(5);
      },
    };
    await runSchedules(store, {
      clock,
      signal: controller.signal,
      toolVersion: '0',
      launch: (each, scan) => launcher.launch(each, scan),
    });
    await launcher.idle();
    const [run] = await runsOf(store);
    const job = await getJob(store.database, run!.scan!);
    expect(job).toMatchObject({
      status: 'completed',
      ports_open: 1,
      processed_items: 1,
      success_rate: 1,
      args: ['scan', '--target', 'here'],
    });
  });

  test('a scan that this process runs waits for its hours, and then looks at the rest', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await addTarget(store.database, {
      name: 'slow',
      targets: ['127.0.0.1'],
      settings: { ports: '1-60', rate: 20, retries: 0, probe: false },
      hours: { allowed: '01:00-02:00', time_zone: 'UTC' },
    });
    await withSchedule(store, start, { target: 'slow', time_zone: 'UTC', cron: '0 1 * * *' });
    const ends: string[] = [];
    const ended = { next: Promise.withResolvers<void>() };
    const launcher = newLauncher({
      concurrency: 1,
      signal: new AbortController().signal,
      onEnd: ({ status }) => {
        ends.push(status);
        ended.next.resolve();
      },
    });
    const launch = (each: Store, scan: string): void => launcher.launch(each, scan);
    const [outcome] = await pass(store, start + hour, { launch });
    const scan = outcome!.scan!;
    while ((await getJob(store.database, scan)).status === 'pending') await sleep(20);
    await pass(store, start + 2 * hour, { launch });
    await ended.next.promise;
    ended.next = Promise.withResolvers();
    expect(ends).toEqual(['paused']);
    await pass(store, start + 25 * hour, { launch });
    await ended.next.promise;
    expect(ends).toEqual(['paused', 'completed']);
    await pass(store, start + 25 * hour, { launch });
    expect(await runsOf(store)).toMatchObject([{ status: 'completed' }, { status: 'skipped' }]);
  });

  test('a crashed scan is not a failure while it is restarted', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const { database } = store;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, {});
    const [outcome] = await pass(store, start + hour);
    const scan = outcome!.scan!;
    await setScheduleEnabled(database, 's', false);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await runsOf(store)).toMatchObject([{ status: 'started' }]);
      if (attempt > 1) await requeueJob(database, scan);
      await setJobStatus(database, scan, 'running');
      await setJobStatus(database, scan, 'crashed');
      await pass(store, Date.now() + 2 * minute);
    }
    expect((await runsOf(store))[0]).toMatchObject({ status: 'failed' });
    expect(await findSchedule(database, 's')).toMatchObject({ failures: 1 });
  });

  test('a scheduler restarts a scan whose scheduler crashed', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { allowed_hours: '03:00-04:00' });
    const launched: string[] = [];
    const launch = (_: Store, scan: string): void => void launched.push(scan);
    const [outcome] = await pass(store, start + hour, { launch });
    const scan = outcome!.scan!;
    await setJobStatus(store.database, scan, 'running');
    await setJobStatus(store.database, scan, 'crashed');
    await pass(store, start + 2.5 * hour, { launch });
    expect((await getJob(store.database, scan)).status).toBe('crashed');
    expect(launched).toEqual([scan]);
    await pass(store, start + 25 * hour, { launch });
    expect((await getJob(store.database, scan)).status).toBe('pending');
    expect(launched).toEqual([scan, scan]);
    const { rows } = await listAudit(store.database, { action: 'scan.pending' });
    expect(rows[0]).toMatchObject({ actor_kind: 'job', actor: `scheduler@${hostname()}` });
  });

  test('a scan of a scheduler that is stopped waits for the next one', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await addTarget(store.database, {
      name: 'slow',
      targets: ['127.0.0.1'],
      settings: { ports: '1-60', rate: 80, retries: 0, probe: false },
    });
    await withSchedule(store, start, { target: 'slow' });
    const stopping = new AbortController();
    const launchers = [stopping.signal, new AbortController().signal].map((signal) =>
      newLauncher({ concurrency: 1, signal }),
    );
    const by = (launcher: (typeof launchers)[0]) => ({
      launch: (each: Store, scan: string) => launcher.launch(each, scan),
    });
    const [outcome] = await pass(store, start + hour, by(launchers[0]!));
    const scan = outcome!.scan!;
    while ((await getJob(store.database, scan)).status === 'pending') await sleep(20);
    stopping.abort();
    await launchers[0]!.idle();
    expect((await getJob(store.database, scan)).status).toBe('paused');
    await pass(store, start + hour, by(launchers[1]!));
    await launchers[1]!.idle();
    expect(await getJob(store.database, scan)).toMatchObject({ status: 'completed', attempts: 1 });
    const { rows } = await listAudit(store.database, { object: scan });
    const scheduler = `scheduler@${hostname()}`;
    expect(rows.map(({ action, actor }) => [action, actor])).toMatchObject([
      ['scan.completed', expect.not.stringContaining('@')],
      ['scan.running', expect.not.stringContaining('@')],
      ['scan.paused', scheduler],
      ['scan.running', expect.not.stringContaining('@')],
      ['scan.create', scheduler],
    ]);
  });

  test('scans of a schedule are found by its name, its target and its profile', async () => {
    await using opened = await kind.newStore();
    const { store } = opened;
    const start = Date.parse('2026-06-01T00:00Z');
    await withSchedule(store, start, { profile: 'web', worker_label: 'zone=dmz' });
    const whole = { cron: '0 * * * *', time_zone: zone, target: 'one' };
    await addSchedule(store.database, { ...whole, name: 'who', scan_type: 'discovery' }, start);
    const launched: string[] = [];
    await pass(store, start + hour, { launch: (_, scan) => void launched.push(scan) });
    const scansOf = async (filter: JobFilter) => (await listJobs(store.database, filter)).rows;
    const [labelled] = await scansOf({ schedule: 's', target: 'one', profile: 'web' });
    expect(labelled).toMatchObject({ is_detached: true, worker_label: 'zone=dmz' });
    const [discovery] = await scansOf({ schedule: 'who' });
    expect(discovery).toMatchObject({
      scan_type: 'discovery',
      profile: null,
      is_detached: false,
      args: ['discover', '--target', 'one'],
      config: { discovery_only: true },
    });
    expect(launched).toEqual([discovery!.id]);
    expect(await scansOf({ target: 'one' })).toHaveLength(2);
    expect(await scansOf({ schedule: 'other' })).toEqual([]);
  });
});

describe.each(postgresServers)('a scheduler on $name', ({ url: server }) => {
  test("looks after every tenant's schedules", async () => {
    const db = await newDatabase(server);
    try {
      await using store = await openPostgresStore(db, {});
      const tenants = [];
      for (const name of ['red', 'blue']) {
        tenants.push(store.forTenant(await addTenant(store, name)));
      }
      const start = Date.parse('2026-06-01T00:00Z');
      for (const each of tenants) await withSchedule(each, start, {});
      const stopping = new AbortController();
      const launched: string[] = [];
      await runSchedules(store, {
        ...scheduler(start + hour),
        signal: stopping.signal,
        isForAll: true,
        launch: ({ database }) => {
          launched.push(database.tenantId);
          if (launched.length === 2) stopping.abort();
        },
      });
      const ids = tenants.map(({ database }) => database.tenantId);
      expect(launched.toSorted()).toEqual(ids.toSorted());
    } finally {
      await dropDatabase(server, db);
    }
  });
});
