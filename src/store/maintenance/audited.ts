import { type Change, recordAudit } from '../setup/audit.ts';
import type { StoreAdmin } from './store-admin.ts';

/** Writes down what was done to a store as a whole. */
export async function auditStore(
  admin: StoreAdmin,
  change: Omit<Change, 'object_type'>,
  tenant?: string,
): Promise<void> {
  const database = await admin.database(tenant);
  await database.transaction((db) => recordAudit(db, { object_type: 'store', ...change }));
}

/**
 * The same admin, which writes down in the audit log what it has changed: in the log of the
 * default tenant, or of each tenant that lost rows. Such work is many transactions, so the row
 * comes after it.
 */
export function audited(admin: StoreAdmin): StoreAdmin {
  return {
    ...admin,
    async migrate(options) {
      const steps = await admin.migrate(options);
      const versions = steps.map(({ version }) => version);
      // That a store was made is no change of it, and a copy is to bring its own log along.
      if (options.isDryRun || steps.length === 0 || versions.includes(1)) return steps;
      const after = { applied: versions };
      await auditStore(admin, { action: 'store.migrate', object_id: 'tables', after });
      return steps;
    },
    async check(options) {
      const problems = await admin.check(options);
      const mended = problems.filter(({ isFixed }) => isFixed);
      if (mended.length === 0) return problems;
      const after = { mended: mended.map(({ code, object }) => `${code} ${object}`) };
      await auditStore(admin, { action: 'store.mend', object_id: 'tables', after });
      return problems;
    },
    async backup(...target) {
      const report = await admin.backup(...target);
      const { path, bytes, rows } = report;
      await auditStore(admin, { action: 'store.backup', object_id: path, after: { bytes, rows } });
      return report;
    },
    async restore(path, options) {
      const report = await admin.restore(path, options);
      await auditStore(admin, { action: 'store.restore', object_id: path, after: report });
      return report;
    },
    async prune(request) {
      const report = await admin.prune(request);
      if (report.isDryRun) return report;
      const { before, tables = 'all' } = request;
      for (const [tenant, scans] of Object.entries(report.tenants)) {
        const after = { before, tables, scans, keeps_scans: request.keepScans };
        await auditStore(admin, { action: 'store.prune', object_id: 'scans', after }, tenant);
      }
      return report;
    },
  };
}
