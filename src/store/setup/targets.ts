import { parseAllowedHours } from '../../core/allowed-hours.ts';
import { newJobId } from '../../core/ids.ts';
import { assertName } from '../../core/names.ts';
import { formatPorts, parsePorts, type PortSet, portRuns } from '../../core/ports.ts';
import { parseScanSettings, type ScanSettings } from '../../core/scan-settings.ts';
import { formatRange, parseTarget } from '../../core/targets.ts';
import { AppError } from '../../errors.ts';
import { currentActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { tenantKey } from '../filter.ts';
import { and, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, textsFromJson } from '../tables.ts';

/** Hours in which a target may be scanned. */
interface Hours {
  /** In the format of `parseAllowedHours`. */
  readonly allowed: string;
  readonly time_zone: string;
}

/** A named target with its settings; times are epoch ms. */
export interface ScanTarget {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Addresses, networks, ranges and names, as given. */
  readonly targets: readonly string[];
  /** Its scan settings, including ports. */
  readonly settings: ScanSettings;
  readonly hours: Hours | null;
  readonly enabled: boolean;
  readonly created_at: number;
  readonly updated_at: number;
  readonly created_by: string | null;
  readonly modified_by: string | null;
}

/** A new target. */
export interface NewTarget {
  readonly name: string;
  readonly description?: string | undefined;
  readonly targets: readonly string[];
  readonly settings?: ScanSettings;
  readonly hours?: Hours | undefined;
}

interface TargetRecord extends Omit<ScanTarget, 'settings' | 'hours' | 'enabled'> {
  readonly config: unknown;
  readonly enabled: boolean | number;
}

/**
 * Adds a target.
 *
 * @returns its id
 * @throws AppError USAGE, INVALID_TARGET, INVALID_INPUT, AMBIGUOUS if the name is taken
 */
export async function addTarget(db: StoreDatabase, target: NewTarget): Promise<string> {
  const { name, description, targets, hours } = target;
  assertName('target', name);
  if (targets.length === 0) throw new AppError('USAGE', `the target "${name}" has no addresses`);
  const settings = parseScanSettings(target.settings ?? {}, `target "${name}"`);
  if (hours) parseAllowedHours(hours.allowed, hours.time_zone);
  const { ports, ...others } = settings;
  const config = { ...others, ...(hours && { hours }) };
  const id = newJobId();
  const now = db.dialect.time(Date.now());
  await db.transaction(async (tx) => {
    const rows = await tx.query(sql`
      INSERT INTO scan_targets (id, tenant_id, name, description, network, targets, config,
        created_at, updated_at, created_by)
      VALUES (${id}, ${tenantKey(tx)}, ${name}, ${description ?? null}, ${networkOf(targets)},
        ${JSON.stringify(targets)}, ${JSON.stringify(config)}, ${now}, ${now},
        ${currentActor().name})
      ON CONFLICT DO NOTHING RETURNING id`);
    if (rows.length === 0) {
      throw new AppError('AMBIGUOUS', `target "${name}" already exists: remove it first`);
    }
    if (ports !== undefined) await addPorts(tx, id, parsePorts(ports));
    const after = { name, targets, ...(ports !== undefined && { ports }), ...config };
    await recordAudit(tx, { action: 'target.add', ...targetObject(id), after });
  });
  return id;
}

/** The network, if the list of targets is a single network. */
function networkOf(words: readonly string[]): string | null {
  const [target, ...others] = words.map(parseTarget);
  if (target?.kind !== 'range' || others.length > 0) return null;
  const text = formatRange(target.range);
  return text.includes('-') ? null : text;
}

async function addPorts(tx: StoreDatabase, id: string, ports: PortSet): Promise<void> {
  for (const transport of ['tcp', 'udp'] as const) {
    for (const { first, last } of portRuns(ports[transport])) {
      await tx.query(sql`INSERT INTO scan_target_ports (target_id, transport, first, last)
        VALUES (${id}, ${transport}, ${first}, ${last})`);
    }
  }
}

function targetObject(id: string): { object_type: string; object_id: string } {
  return { object_type: 'target', object_id: id };
}

/** Every target, by name. */
export function listTargets(db: StoreDatabase): Promise<ScanTarget[]> {
  return readTargets(db);
}

/** @throws AppError NOT_FOUND */
export async function findTarget(db: StoreDatabase, name: string): Promise<ScanTarget> {
  const [target] = await readTargets(db, name);
  if (target) return target;
  throw new AppError(
    'NOT_FOUND',
    `there is no target "${name}": see "portolan target list" and "portolan target add"`,
  );
}

async function readTargets(db: StoreDatabase, name?: string): Promise<ScanTarget[]> {
  const condition = and([
    sql`t.tenant_id = ${tenantKey(db)}`,
    name !== undefined && sql`t.name = ${name}`,
  ]);
  const rows = await db.query<TargetRecord>(sql`
    SELECT t.id, t.name, t.description, t.targets, t.config, t.enabled, t.created_at,
      t.updated_at, t.created_by, t.modified_by
    FROM scan_targets t WHERE ${condition} ORDER BY t.name`);
  const ports = await db.query<{ target_id: string; text: string }>(sql`
    SELECT p.target_id, upper(substr(p.transport, 1, 1)) || ':' || p.first || '-' || p.last AS text
    FROM scan_target_ports p JOIN scan_targets t ON t.id = p.target_id WHERE ${condition}`);
  const portsOf = Map.groupBy(ports, ({ target_id: id }) => id);
  return rows.map((row) => {
    const list = portsOf.get(row.id)?.map(({ text }) => text);
    return toTarget(row, list && formatPorts(parsePorts(list.join(','))));
  });
}

function toTarget({ config, ...row }: TargetRecord, ports: string | undefined): ScanTarget {
  const { hours, ...settings } = fromJson(config) as ScanSettings & { readonly hours?: Hours };
  return {
    ...row,
    targets: textsFromJson(row.targets),
    settings: { ...(ports !== undefined && { ports }), ...settings },
    hours: hours ?? null,
    enabled: Boolean(row.enabled),
  };
}

/**
 * Enables or disables scans of a target.
 *
 * @throws AppError NOT_FOUND
 */
export async function setTargetEnabled(
  db: StoreDatabase,
  name: string,
  enabled: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    const target = await findTarget(tx, name);
    await tx.query(sql`
      UPDATE scan_targets SET enabled = ${enabled}, updated_at = ${tx.dialect.time(Date.now())},
        modified_by = ${currentActor().name} WHERE id = ${target.id}`);
    await recordAudit(tx, {
      action: enabled ? 'target.enable' : 'target.disable',
      ...targetObject(target.id),
      before: { enabled: target.enabled },
      after: { enabled },
    });
  });
}

/**
 * Removes a target with its ports and exclusions; its scans stay.
 *
 * @throws AppError NOT_FOUND; ILLEGAL_TRANSITION if a schedule scans it
 */
export async function removeTarget(db: StoreDatabase, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { id, targets, settings } = await findTarget(tx, name);
    const [schedule] = await tx.query<{ name: string }>(
      sql`SELECT name FROM schedules WHERE target_id = ${id} ORDER BY name LIMIT 1`,
    );
    if (schedule) {
      throw new AppError(
        'ILLEGAL_TRANSITION',
        `the schedule "${schedule.name}" scans the target "${name}": ` +
          `run "portolan schedule remove ${schedule.name}" first`,
      );
    }
    await tx.query(sql`DELETE FROM scan_targets WHERE id = ${id}`);
    const before = { name, targets, ...settings };
    await recordAudit(tx, { action: 'target.remove', ...targetObject(id), before });
  });
}
