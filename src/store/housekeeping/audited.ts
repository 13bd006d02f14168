import { type Change, recordAudit } from '../audit.ts';
import type { Keeper } from './keeper.ts';

/** Writes down what was done to a store as a whole. */
export async function auditStore(
  keeper: Keeper,
  change: Omit<Change, 'object_type'>,
  tenant?: string,
): Promise<void> {
  const database = await keeper.database(tenant);
  await database.transaction((db) => recordAudit(db, { object_type: 'store', ...change }));
}

/**
 * The same keeper, which writes down in the audit log what it has changed: in the log of the
 * default tenant, or of each tenant that lost rows. Such work is many transactions, so the row
 * comes after it.
 */
export function audited(keeper: Keeper): Keeper {
  return {
    ...keeper,
    async migrate(options) {
      const steps = await keeper.migrate(options);
      const versions = steps.map(({ version }) => version);
      // That a store was made is no change of it, and a copy is to bring its own log along.
      if (options.isDryRun || steps.length === 0 || versions.includes(1)) return steps;
      const after = { applied: versions };
      await auditStore(keeper, { action: 'store.migrate', object_id: 'tables', after });
      return steps;
    },
    async check(options) {
      const problems = await keeper.check(options);
      const mended = problems.filter(({ isFixed }) => isFixed);
      if (mended.length === 0) return problems;
      const after = { mended: mended.map(({ code, object }) => `${code} ${object}`) };
      await auditStore(keeper, { action: 'store.mend', object_id: 'tables', after });
      return problems;
    },
    async backup(...target) {
      const report = await keeper.backup(...target);
      const { path, bytes, rows } = report;
      await auditStore(keeper, { action: 'store.backup', object_id: path, after: { bytes, rows } });
      return report;
    },
    async restore(path, options) {
      const report = await keeper.restore(path, options);
      await auditStore(keeper, { action: 'store.restore', object_id: path, after: report });
      return report;
    },
    async prune(request) {
      const report = await keeper.prune(request);
      if (report.isDryRun) return report;
      const { before, tables = 'all' } = request;
      for (const [tenant, scans] of Object.entries(report.tenants)) {
        const after = { before, tables, scans, keeps_scans: request.keepScans };
        await auditStore(keeper, { action: 'store.prune', object_id: 'scans', after }, tenant);
      }
      return report;
    },
  };
}
