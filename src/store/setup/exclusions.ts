import { isUuid, newJobId } from '../../core/ids.ts';
import { parseTarget } from '../../core/targets.ts';
import { AppError } from '../../errors.ts';
import { currentActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { tenantKey } from '../filter.ts';
import { and, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { findTarget } from './targets.ts';

/** An exclusion from scans; time is epoch ms. */
export interface Exclusion {
  readonly id: string;
  /** An address, network, range or name. */
  readonly excluded: string;
  /** The name of the target that it applies to; null for every scan of the tenant. */
  readonly target: string | null;
  readonly reason: string | null;
  readonly created_at: number;
  readonly created_by: string | null;
}

/** What to exclude, and from what. */
export interface NewExclusions {
  readonly excluded: readonly string[];
  /** The name of a target; by default every scan of the tenant. */
  readonly target?: string | undefined;
  readonly reason?: string | undefined;
}

/**
 * Excludes addresses, networks, ranges or names from a target's scans or all of the tenant's.
 *
 * @throws AppError INVALID_TARGET, NOT_FOUND (no such target)
 */
export async function addExclusions(
  db: StoreDatabase,
  { excluded, target, reason }: NewExclusions,
): Promise<void> {
  excluded.forEach(parseTarget);
  await db.transaction(async (tx) => {
    const targetId = target === undefined ? null : (await findTarget(tx, target)).id;
    for (const word of excluded) {
      const id = newJobId();
      await tx.query(sql`
        INSERT INTO exclusions (id, tenant_id, target_id, excluded, reason, created_at, created_by)
        VALUES (${id}, ${tenantKey(tx)}, ${targetId}, ${word}, ${reason ?? null},
          ${tx.dialect.time(Date.now())}, ${currentActor().name})`);
      await recordAudit(tx, {
        action: 'exclusion.add',
        object_type: 'exclusion',
        object_id: id,
        after: { excluded: word, ...(target !== undefined && { target }) },
        ...(reason !== undefined && { reason }),
      });
    }
  });
}

/**
 * Exclusions, oldest first: all of them, or those that apply to one target, including the tenant's.
 *
 * @param target its name
 */
export function listExclusions(db: StoreDatabase, target?: string): Promise<Exclusion[]> {
  return db.query<Exclusion>(sql`
    SELECT e.id, e.excluded, t.name AS target, e.reason, e.created_at, e.created_by
    FROM exclusions e LEFT JOIN scan_targets t ON t.id = e.target_id
    WHERE ${and([
      sql`e.tenant_id = ${tenantKey(db)}`,
      target !== undefined && sql`(e.target_id IS NULL OR t.name = ${target})`,
    ])} ORDER BY e.created_at, e.id`);
}

/** The tenant's exclusions, as words of a target list. */
export async function globalExclusions(db: StoreDatabase): Promise<string[]> {
  const rows = await db.query<{ excluded: string }>(sql`
    SELECT excluded FROM exclusions
    WHERE tenant_id = ${tenantKey(db)} AND target_id IS NULL ORDER BY created_at, id`);
  return rows.map(({ excluded }) => excluded);
}

/**
 * Removes exclusions.
 *
 * @param what an exclusion's id, or the excluded text as given
 * @param target the target that it applies to; by default the tenant's exclusions
 * @throws AppError NOT_FOUND
 */
export async function removeExclusion(
  db: StoreDatabase,
  what: string,
  target?: string,
): Promise<void> {
  await db.transaction(async (tx) => {
    const all = await listExclusions(tx);
    const found = all.filter((each) =>
      isUuid(what)
        ? each.id === what.toLowerCase()
        : each.excluded === what && each.target === (target ?? null),
    );
    if (found.length === 0) {
      const where = target === undefined ? '' : ` for the target "${target}"`;
      throw new AppError(
        'NOT_FOUND',
        `"${what}" is not excluded${where}: see "portolan exclusion list"`,
      );
    }
    for (const { id, excluded, target: from, reason } of found) {
      await tx.query(sql`DELETE FROM exclusions WHERE id = ${id}`);
      await recordAudit(tx, {
        action: 'exclusion.remove',
        object_type: 'exclusion',
        object_id: id,
        before: { excluded, target: from, reason },
      });
    }
  });
}
