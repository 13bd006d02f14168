import { assertName } from '../../core/names.ts';
import { parseScanSettings, type ScanSettings } from '../../core/scan-settings.ts';
import { AppError } from '../../errors.ts';
import { currentActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { tenantKey } from '../filter.ts';
import { and, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson } from '../tables.ts';

/** Named scan settings. */
export interface ScanProfile {
  readonly name: string;
  readonly description: string | null;
  readonly settings: ScanSettings;
}

/**
 * Stores a profile of the tenant, replacing one of the same name.
 *
 * @throws AppError USAGE, INVALID_INPUT
 */
export async function saveProfile(db: StoreDatabase, profile: ScanProfile): Promise<void> {
  const { name, description } = profile;
  assertName('profile', name);
  const settings = parseScanSettings(profile.settings, `profile "${name}"`);
  const now = db.dialect.time(Date.now());
  const by = currentActor().name;
  await db.transaction(async (tx) => {
    const [before] = await storedProfiles(tx, name);
    await tx.query(sql`
      INSERT INTO scan_profiles (tenant_id, name, description, config, created_at, updated_at,
        created_by)
      VALUES (${tenantKey(tx)}, ${name}, ${description}, ${JSON.stringify(settings)}, ${now},
        ${now}, ${by})
      ON CONFLICT (tenant_id, name) DO UPDATE SET description = excluded.description,
        config = excluded.config, updated_at = excluded.updated_at, modified_by = ${by}`);
    await recordAudit(tx, {
      action: 'profile.save',
      ...profileObject(name),
      before: before ? before.settings : null,
      after: settings,
    });
  });
}

function profileObject(name: string): { object_type: string; object_id: string } {
  return { object_type: 'profile', object_id: name };
}

/** The tenant's profiles in name order: all of them, or the one with this name. */
export async function storedProfiles(db: StoreDatabase, name?: string): Promise<ScanProfile[]> {
  const rows = await db.query<{ name: string; description: string | null; config: unknown }>(sql`
    SELECT name, description, config FROM scan_profiles
    WHERE ${and([
      sql`tenant_id = ${tenantKey(db)}`,
      name !== undefined && sql`name = ${name}`,
    ])} ORDER BY name`);
  return rows.map(({ config, ...row }) => ({ ...row, settings: fromJson(config) as ScanSettings }));
}

/** @throws AppError NOT_FOUND */
export async function removeProfile(db: StoreDatabase, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [profile] = await storedProfiles(tx, name);
    if (!profile) {
      throw new AppError('NOT_FOUND', `you have no profile "${name}": see "portolan profile list"`);
    }
    await tx.query(
      sql`DELETE FROM scan_profiles WHERE tenant_id = ${tenantKey(tx)} AND name = ${name}`,
    );
    const before = { ...profile.settings };
    await recordAudit(tx, { action: 'profile.remove', ...profileObject(name), before });
  });
}
