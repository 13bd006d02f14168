import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canTransition, type JobState, jobStates } from '../../src/core/job-states.ts';
import {
  cancelJob,
  failAttempt,
  isConflict,
  pauseJob,
  removeEndedJob,
  requeueJob,
  resumeJob,
} from '../../src/store/scans/transitions.ts';
import { finishJob } from '../../src/store/scans/end-scan.ts';
import { markCrashedJobs } from '../../src/store/scans/crash-detection.ts';
import { reapJobs } from '../../src/jobs/upkeep.ts';
import { getJob } from '../../src/store/scans/jobs.ts';
import { setJobStatus } from '../../src/store/scans/job-status.ts';
import { takeLease } from '../../src/store/scans/leases.ts';
import { identifier, sql } from '../../src/store/sql.ts';
import type { Store } from '../../src/store/store.ts';
import { storeKinds, type TestStore } from '../store/stores.ts';
import { queueScan } from './empty-scan.ts';

/** What clients do to one scan. */
const commands: Readonly<Record<string, (store: Store, id: string) => Promise<unknown>>> = {
  cancel: ({ database }, id) => cancelJob(database, id),
  pause: ({ database }, id) => pauseJob(database, id),
  resume: ({ database }, id) => resumeJob(database, id),
  retry: ({ database }, id) => requeueJob(database, id, { detach: true, attemptsLeft: 3 }),
  remove: ({ database }, id) => removeEndedJob(database, id),
  complete: ({ database }, id) => finishJob(database, id, { status: 'completed' }),
  fail: async ({ database }, id) => failAttempt(database, await getJob(database, id), 'broken'),
  crash: ({ database }, id) => setJobStatus(database, id, 'crashed'),
  tend: async ({ database }) => {
    await markCrashedJobs(database);
    await reapJobs(database);
  },
  work: ({ database }) =>
    takeLease(database, {
      workerId: 'w/1',
      scanTypes: ['network'],
      labels: [],
      leaseMs: 60_000,
      unitsOf: () => 1,
      unitAt: (_job, unit) => ({ index: unit, first: unit, last: unit }),
    }),
};

/** Sequences of up to so many commands. */
const length = 4;
const sequences = 1000;
const clients = 8;

describe.each(storeKinds)('commands on $name', ({ uuid, newStore }) => {
  let opened: TestStore;
  let store: Store;

  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('the database refuses every transition that the table does not have', async () => {
    const { database } = store;
    const reached = new Set<JobState>(['pending']);
    const queue: JobState[][] = [['pending']];
    // Every pair, each from a scan that came to its state by transitions that are allowed.
    for (let path = queue.shift(); path; path = queue.shift()) {
      const from = path.at(-1)!;
      for (const to of jobStates) {
        const { id: fresh } = await queueScan(store, 1);
        const go = (status: JobState): Promise<unknown> =>
          database.query(sql`UPDATE scan_jobs SET status = ${status},
            started_at = coalesce(started_at, requested_at) WHERE ${identifier(uuid)} = ${fresh}`);
        for (const step of path.slice(1)) await go(step);
        const outcome = await go(to).then(
          () => true,
          () => false,
        );
        expect([from, to, outcome]).toEqual([from, to, from === to || canTransition(from, to)]);
        if (outcome && !reached.has(to)) queue.push([...path, to]);
        if (outcome) reached.add(to);
      }
    }
    expect(reached).toEqual(new Set(jobStates));
  });

  test('many clients at once never bring a scan where the table does not', async () => {
    // The table of the audit log says which states each scan really went through.
    const names = Object.keys(commands);
    const sample = fc.sample(
      fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: length }),
      {
        numRuns: sequences,
        seed: Date.now(),
      },
    );
    // A scan for each round, which all clients share.
    const ids: string[] = [];
    for (let i = 0; i < sequences / clients; i++) ids.push((await queueScan(store, 2)).id);
    const unexpected: unknown[] = [];
    const client = async (number: number): Promise<void> => {
      for (let i = number; i < sample.length; i += clients) {
        const group = Math.floor(i / clients);
        for (const command of sample[i]!) {
          await commands[command]!(store, ids[group]!).catch((error: unknown) => {
            if (!isConflict(error)) unexpected.push([command, error]);
          });
        }
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    expect(unexpected).toEqual([]);
    const rows = await opened.rows(
      `SELECT object_id, before, after FROM audit_log
       WHERE object_type = 'scan' AND action <> 'scan.create' ORDER BY seq`,
    );
    const steps = rows.flatMap(({ before, after }) => {
      const [from, to] = [before, after].map((state) => (state as { status?: JobState })?.status);
      return from && to ? [[from, to] as const] : [];
    });
    expect(steps.length).toBeGreaterThan(300);
    expect(steps.filter(([from, to]) => !canTransition(from, to))).toEqual([]);
  });
});
