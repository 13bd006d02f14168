import { AppError } from '../../errors.ts';
import { auditStore } from './audited.ts';
import type { RowCounts } from './backup.ts';
import type { StoreAdmin } from './store-admin.ts';
import type { MaintenanceOptions } from './progress.ts';
import type { TransferSource, TransferTable, TransferTarget } from './transfer.ts';

/** The result of a copy. */
export interface CopyReport {
  /** `present`: the target already holds the same data; nothing changed. */
  readonly outcome: 'copied' | 'present';
  readonly tenant: string;
  readonly scans: number;
  readonly rows: RowCounts;
}

export interface CopyOptions extends MaintenanceOptions {
  /** Name or id of the tenant to copy; by default the source's only or default one. */
  readonly tenant?: string;
}

/** The settings of both stores are merged, and the target continues the copied audit log. */
const notCompared = new Set(['settings', 'audit_log', 'audit_heads']);

/**
 * Copies a tenant into another store of either kind: its scans with their ids and results,
 * inventory, configuration and audit log. It reads a consistent snapshot of the source, and the
 * target gets all of it or nothing.
 *
 * @throws AppError AMBIGUOUS if the target has different data of that tenant; UNSUPPORTED if it
 *   lacks a table or column; STORE_CORRUPT if the counts differ afterwards
 */
export async function copyStore(
  from: StoreAdmin,
  to: StoreAdmin,
  options: CopyOptions = {},
): Promise<CopyReport> {
  const [source, target] = await Promise.all([from.transfer(), to.transfer()]);
  const tables = matchTables(await source.tables(), await target.tables(), to.location);
  const { tenantId, ...report } = await source.read(options.tenant, (rows) =>
    target.write(rows.tenant, async (into) => ({
      tenantId: rows.tenant.id,
      ...(await copyTables(rows, into, { to, tables, options })),
    })),
  );
  if (report.outcome === 'copied') {
    const { location } = from;
    const rows = Object.entries(report.rows).filter(([, count]) => count > 0);
    const after = { scans: report.scans, rows: Object.fromEntries(rows) };
    await auditStore(to, { action: 'store.copy', object_id: location, after }, tenantId);
  }
  return report;
}

/** The source's tables with the columns common to both, in the target's order. */
function matchTables(
  source: readonly TransferTable[],
  target: readonly TransferTable[],
  location: string,
): TransferTable[] {
  const known = new Map(source.map((table) => [table.name, table]));
  const order = target.map(({ name }) => name);
  for (const { name, columns } of source) {
    const there = new Set(target.find((table) => table.name === name)?.columns);
    const missing = columns.find((column) => !there.has(column));
    if (missing === undefined) continue;
    throw new AppError('UNSUPPORTED', `${location} has no column ${name}.${missing}`);
  }
  return order.flatMap((name) => known.get(name) ?? []);
}

interface Copying {
  readonly to: StoreAdmin;
  readonly tables: readonly TransferTable[];
  readonly options: CopyOptions;
}

async function copyTables(
  source: TransferSource,
  target: TransferTarget,
  { to, tables, options }: Copying,
): Promise<CopyReport> {
  const rows: Record<string, number> = {};
  const there: Record<string, number> = {};
  for (const { name } of tables) {
    rows[name] = await source.count(name);
    there[name] = await target.count(name);
  }
  const report = { tenant: source.tenant.name, scans: rows['scan_jobs'] ?? 0, rows };
  const holdsSomething = tables.some(({ name }) => name !== 'settings' && there[name]! > 0);
  if (holdsSomething) {
    await assertEqual(source, target, { to, tables, rows, there });
    return { outcome: 'present', ...report };
  }
  for (const table of tables) {
    await target.insert(
      table,
      withProgress(source, table, { total: rows[table.name] ?? 0, ...options }),
    );
    const count = await target.count(table.name);
    if (count === rows[table.name] || table.name === 'settings') continue;
    throw new AppError(
      'STORE_CORRUPT',
      `${to.location} has ${count} rows of ${table.name} instead of ${rows[table.name]}: ` +
        'nothing was copied',
    );
  }
  return { outcome: 'copied', ...report };
}

/** Reads a table's rows and reports progress. */
async function* withProgress(
  source: TransferSource,
  table: TransferTable,
  { total, signal, onProgress }: MaintenanceOptions & { total: number },
): ReturnType<TransferSource['rows']> {
  let done = 0;
  for await (const batch of source.rows(table)) {
    signal?.throwIfAborted();
    yield batch;
    done += batch.length;
    onProgress?.({ what: table.name, done, total });
  }
}

interface Comparison {
  readonly to: StoreAdmin;
  readonly tables: readonly TransferTable[];
  readonly rows: RowCounts;
  readonly there: RowCounts;
}

/** @throws AppError AMBIGUOUS if a table's row count or a scan differs */
async function assertEqual(
  source: TransferSource,
  target: TransferTarget,
  { to, tables, rows, there }: Comparison,
): Promise<void> {
  const refuse = (why: string): AppError =>
    new AppError(
      'AMBIGUOUS',
      `${to.location} already holds data of the tenant "${source.tenant.name}", and ${why}: ` +
        'copy into an empty store, or add scans to it with "portolan export" and "import"',
    );
  for (const { name } of tables) {
    if (notCompared.has(name) || rows[name] === there[name]) continue;
    throw refuse(`it differs (${name}: ${there[name]} rows instead of ${rows[name]})`);
  }
  const present = await target.scans();
  for await (const batch of source.rows({ name: 'scan_jobs', columns: ['id', 'status'] })) {
    for (const [id, status] of batch) {
      if (present.get(String(id)) === status) continue;
      throw refuse(`its scan ${String(id)} differs`);
    }
  }
}
