import { type Change, recordAudit } from '../setup/audit.ts';
import type { StoreAdmin } from './store-admin.ts';

/** Records a change of the whole store in the audit log. */
export async function auditStore(
  admin: StoreAdmin,
  change: Omit<Change, 'object_type'>,
  tenant?: string,
): Promise<void> {
  const database = await admin.database(tenant);
  await database.transaction((db) => recordAudit(db, { object_type: 'store', ...change }));
}

/**
 * Wraps an admin to record its changes in the audit log of the default tenant, or of each tenant
 * that lost rows. Such work takes many transactions, so the row is written afterwards.
 */
export function audited(admin: StoreAdmin): StoreAdmin {
  return {
    ...admin,
    async migrate(options) {
      const steps = await admin.migrate(options);
      const versions = steps.map(({ version }) => version);
      // Creating a store is not a change to it, and a copy includes its own log.
      if (options.isDryRun || steps.length === 0 || versions.includes(1)) return steps;
      const after = { applied: versions };
      await auditStore(admin, { action: 'store.migrate', object_id: 'tables', after });
      return steps;
    },
    async check(options) {
      const problems = await admin.check(options);
      const repaired = problems.filter(({ isFixed }) => isFixed);
      if (repaired.length === 0) return problems;
      const after = { mended: repaired.map(({ code, object }) => `${code} ${object}`) };
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
