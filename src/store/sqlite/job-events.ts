import { eventType } from '../scans/job-event.ts';
import { sql } from '../sql.ts';
import type { JobEvent, StoreDatabase } from '../store.ts';
import type { JobRecord } from '../scans/jobs.ts';
import { watchCommits } from './watch.ts';

/** Maximum interval between checks if no commit is seen, ms. */
const patienceMs = 5000;
/** Number of watched scans, newest first. To wait for an older one, read it directly. */
const watched = 1000;

type Seen = Pick<JobRecord, 'uuid' | 'status' | 'hosts_done' | 'hosts_up' | 'ports_open'>;

/**
 * Changes to scans in a SQLite file: the differences between reads, one after each commit of any
 * process. Changes within a few milliseconds form one event.
 */
export async function* sqliteJobEvents(
  db: StoreDatabase,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<JobEvent> {
  using watch = watchCommits(path);
  let before = await look(db);
  while (!signal.aborted) {
    await watch.next(patienceMs, signal);
    const now = await look(db);
    for (const [job, row] of now) {
      const known = before.get(job);
      if (known && !hasChanged(known, row)) continue;
      yield { type: eventType(known?.status, row.status), job, status: row.status };
    }
    before = now;
  }
}

async function look(db: StoreDatabase): Promise<Map<string, Seen>> {
  const rows = await db.query<Seen>(sql`
    SELECT uuid, status, hosts_done, hosts_up, ports_open FROM scan_jobs
    ORDER BY id DESC LIMIT ${watched}`);
  return new Map(rows.map((row) => [row.uuid, row]));
}

function hasChanged(a: Seen, b: Seen): boolean {
  return (
    a.status !== b.status ||
    a.hosts_done !== b.hosts_done ||
    a.hosts_up !== b.hosts_up ||
    a.ports_open !== b.ports_open
  );
}
