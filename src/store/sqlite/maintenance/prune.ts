import { retryBusy } from '../../../database/busy.ts';
import type { DatabaseSync } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import { transaction } from '../../../database/transaction.ts';
import { prunable, type PruneReport, type PruneRequest } from '../../maintenance/prune.ts';
import { tenantOf } from '../open.ts';
import type { SqliteFile } from './file.ts';

/** Scans that have ended, and when. */
const endedBefore = `
  SELECT id, uuid FROM scan_jobs
  WHERE status IN ('completed', 'failed', 'cancelled', 'crashed')
    AND coalesce(completed_at, started_at, requested_at) < ? ORDER BY id`;

/** Removes the rows of old scans, one scan per transaction, so that others can write in between. */
export function pruneFile(
  { path, use }: SqliteFile,
  { before, tables, keepScans, tenant, isDryRun, scans: only, signal, onProgress }: PruneRequest,
): Promise<PruneReport> {
  return use(async (db) => {
    const tenantId = tenantOf(db, path, tenant);
    const named = tables ?? prunable;
    const removesScans = tables === undefined && !keepScans;
    const wanted = only && new Set(only);
    const ids = db
      .prepare(endedBefore)
      .all<{ id: number; uuid: string }>(before)
      .filter(({ uuid }) => wanted?.has(uuid) ?? true)
      .map(({ id }) => id);
    const rows: Record<string, number> = Object.fromEntries(named.map((table) => [table, 0]));
    const work = isDryRun ? countOf : removeOf;
    let scans = 0;
    for (const [done, id] of ids.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ what: 'scans', done, total: ids.length });
      const gone = await retryBusy(() => work(db, id, { named, removesScans }));
      if (removesScans || gone.some((count) => count > 0)) scans += 1;
      for (const [index, table] of named.entries())
        rows[table] = (rows[table] ?? 0) + (gone[index] ?? 0);
    }
    const tenants = scans > 0 ? { [tenantId]: scans } : {};
    return { isDryRun, before, scans, rows, tenants, partitions: [] };
  });
}

interface Scope {
  readonly named: readonly string[];
  readonly removesScans: boolean;
}

function countOf(db: DatabaseSync, id: number, { named }: Scope): number[] {
  return named.map(
    (table) =>
      firstRow(
        db.prepare(`SELECT count(*) AS n FROM ${table} WHERE job_id = ?`).all<{ n: number }>(id),
      ).n,
  );
}

function removeOf(db: DatabaseSync, id: number, { named, removesScans }: Scope): number[] {
  return transaction(db, () => {
    const gone = named.map((table) =>
      Number(db.prepare(`DELETE FROM ${table} WHERE job_id = ?`).run(id).changes),
    );
    if (removesScans) db.prepare('DELETE FROM scan_jobs WHERE id = ?').run(id);
    return gone;
  });
}
