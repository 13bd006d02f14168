import { parseAllowedHours } from '../../core/allowed-hours.ts';
import { parseCron } from '../../core/cron.ts';
import { newJobId } from '../../core/ids.ts';
import { assertName } from '../../core/names.ts';
import { AppError } from '../../errors.ts';
import { currentActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { tenantKey } from '../filter.ts';
import { and, assignments, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { findTarget } from './targets.ts';

/** How to handle a tick that was missed because no scheduler was running. */
export const missedPolicies = ['skip', 'run-once'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** Types of scans that can be scheduled. */
export const scheduledScans = ['network', 'discovery'] as const;
export type ScheduledScan = (typeof scheduledScans)[number];

/** A scheduled scan; times are epoch ms. */
export interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Five fields, or a nickname. */
  readonly cron: string;
  readonly time_zone: string;
  /** The names of the target and the profile. */
  readonly target: string;
  readonly profile: string | null;
  readonly scan_type: ScheduledScan;
  /** Its scans are queued for workers with this label. */
  readonly worker_label: string | null;
  /** Each scan starts up to this much later than its tick. */
  readonly jitter_ms: number;
  readonly missed: MissedPolicy;
  /** In the format of `parseAllowedHours`, in the schedule's time zone. */
  readonly allowed_hours: string | null;
  /** Suspended after this many consecutive failures; 0 for never. */
  readonly max_failures: number;
  readonly failures: number;
  readonly enabled: boolean;
  readonly suspended_at: number | null;
  /** The next tick. */
  readonly next_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly created_by: string | null;
  readonly modified_by: string | null;
}

type Setting =
  | 'description'
  | 'profile'
  | 'scan_type'
  | 'worker_label'
  | 'jitter_ms'
  | 'missed'
  | 'allowed_hours'
  | 'max_failures';

/** A new schedule. */
export type NewSchedule = Pick<Schedule, 'name' | 'cron' | 'time_zone' | 'target'> & {
  readonly [Name in Setting]?: Schedule[Name] | undefined;
};

/**
 * Adds a schedule.
 *
 * @param now epoch ms; its first tick is later
 * @throws AppError USAGE, NOT_FOUND (no such target), AMBIGUOUS if the name is taken
 */
export async function addSchedule(
  db: StoreDatabase,
  schedule: NewSchedule,
  now = Date.now(),
): Promise<Schedule> {
  const { name, cron, time_zone: zone, target, ...settings } = schedule;
  assertName('schedule', name);
  if (settings.allowed_hours) parseAllowedHours(settings.allowed_hours, zone);
  const next = parseCron(cron, zone).next(now);
  if (next === undefined) throw new AppError('USAGE', `"${cron}" never occurs`);
  const { time } = db.dialect;
  return db.transaction(async (tx) => {
    const { id: targetId } = await findTarget(tx, target);
    const id = newJobId();
    const rows = await tx.query(sql`
      INSERT INTO schedules (id, tenant_id, name, description, cron, time_zone, target_id, profile,
        scan_type, worker_label, jitter_ms, missed, allowed_hours, max_failures, next_at, created_at,
        updated_at, created_by)
      VALUES (${id}, ${tenantKey(tx)}, ${name}, ${settings.description ?? null}, ${cron}, ${zone},
        ${targetId}, ${settings.profile ?? null}, ${settings.scan_type ?? 'network'},
        ${settings.worker_label ?? null}, ${settings.jitter_ms ?? 0},
        ${settings.missed ?? 'skip'}, ${settings.allowed_hours ?? null},
        ${settings.max_failures ?? 5}, ${time(next)}, ${time(now)}, ${time(now)},
        ${currentActor().name})
      ON CONFLICT DO NOTHING RETURNING id`);
    if (rows.length === 0) {
      throw new AppError('AMBIGUOUS', `schedule "${name}" already exists: remove it first`);
    }
    const after = { name, cron, time_zone: zone, target, ...settings };
    await recordAudit(tx, { action: 'schedule.add', ...scheduleObject(id), after });
    return findSchedule(tx, name);
  });
}

/** How the audit log names a schedule. */
export function scheduleObject(id: string): { object_type: string; object_id: string } {
  return { object_type: 'schedule', object_id: id };
}

/** Every schedule, by name. */
export function listSchedules(db: StoreDatabase): Promise<Schedule[]> {
  return readSchedules(db, sql`1 = 1`);
}

/** @throws AppError NOT_FOUND */
export async function findSchedule(db: StoreDatabase, name: string): Promise<Schedule> {
  const [schedule] = await readSchedules(db, sql`s.name = ${name}`);
  if (schedule) return schedule;
  throw new AppError('NOT_FOUND', `there is no schedule "${name}": see "portolan schedule list"`);
}

/** The schedules with a tick at or before a time, soonest first. */
export function dueSchedules(db: StoreDatabase, now: number): Promise<Schedule[]> {
  return readSchedules(
    db,
    sql`s.enabled = ${true} AND s.suspended_at IS NULL AND s.next_at <= ${db.dialect.time(now)}`,
  );
}

/** When the next tick of any schedule is due, epoch ms; undefined if there is none. */
export async function nextTick(db: StoreDatabase): Promise<number | undefined> {
  const [row] = await db.query<{ next_at: number | null }>(sql`
    SELECT min(next_at) AS next_at FROM schedules
    WHERE tenant_id = ${tenantKey(db)} AND enabled = ${true} AND suspended_at IS NULL`);
  return row?.next_at ?? undefined;
}

async function readSchedules(db: StoreDatabase, condition: Sql): Promise<Schedule[]> {
  const rows = await db.query<Omit<Schedule, 'enabled'> & { enabled: boolean | number }>(sql`
    SELECT s.id, s.name, s.description, s.cron, s.time_zone, t.name AS target, s.profile,
      s.scan_type, s.worker_label, s.jitter_ms, s.missed, s.allowed_hours, s.max_failures,
      s.failures, s.enabled,
      s.suspended_at, s.next_at, s.created_at, s.updated_at, s.created_by, s.modified_by
    FROM schedules s JOIN scan_targets t ON t.id = s.target_id
    WHERE ${and([sql`s.tenant_id = ${tenantKey(db)}`, condition])}
    ORDER BY s.name`);
  return rows.map((row) => ({ ...row, enabled: Boolean(row.enabled) }));
}

/**
 * Enables or disables a schedule. Enabling resets it: not suspended, no failures, and the next tick
 * is in the future.
 *
 * @throws AppError NOT_FOUND
 */
export async function setScheduleEnabled(
  db: StoreDatabase,
  name: string,
  enabled: boolean,
  now = Date.now(),
): Promise<void> {
  const { time } = db.dialect;
  await db.transaction(async (tx) => {
    const { id, cron, time_zone: zone, ...before } = await findSchedule(tx, name);
    const next = parseCron(cron, zone).next(now);
    const set = assignments({
      enabled,
      updated_at: time(now),
      modified_by: currentActor().name,
      ...(enabled && {
        failures: 0,
        suspended_at: null,
        next_at: next === undefined ? null : time(next),
      }),
    });
    await tx.query(sql`UPDATE schedules SET ${set} WHERE id = ${id}`);
    await recordAudit(tx, {
      action: enabled ? 'schedule.enable' : 'schedule.disable',
      ...scheduleObject(id),
      before: { enabled: before.enabled, suspended_at: before.suspended_at },
      after: { enabled },
    });
  });
}

/** Removes a schedule and its ticks; its scans stay. @throws AppError NOT_FOUND */
export async function removeSchedule(db: StoreDatabase, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { id, cron, time_zone: zone, target, profile } = await findSchedule(tx, name);
    await tx.query(sql`DELETE FROM schedules WHERE id = ${id}`);
    const before = { name, cron, time_zone: zone, target, profile };
    await recordAudit(tx, { action: 'schedule.remove', ...scheduleObject(id), before });
  });
}
