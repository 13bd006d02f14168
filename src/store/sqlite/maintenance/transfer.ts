import type { DatabaseSync } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import { entryOf } from '../../../core/entry.ts';
import { asyncTransaction } from '../../../database/transaction.ts';
import { AppError } from '../../../errors.ts';
import type {
  Transfer,
  TransferRow,
  TransferSource,
  TransferTable,
  TransferTarget,
  TransferTenant,
} from '../../maintenance/transfer.ts';
import { transferBatch } from '../../maintenance/transfer.ts';
import type { SqliteFile } from './file.ts';
import { orderedTables, type SqliteTable, sqliteTables } from './tables.ts';
import { tenantOf } from '../open.ts';

/** Copies rows out of and into a file. */
export function fileTransfer({ path, use, useSource }: SqliteFile): Transfer {
  return {
    tables: () => useSource((db) => orderedTables(sqliteTables(db))),
    read: (tenant, work) =>
      useSource(async (db) => {
        tenantOf(db, path, tenant);
        db.exec('BEGIN');
        try {
          return await work(source(db, sqliteTables(db)));
        } finally {
          db.exec('ROLLBACK');
        }
      }),
    write: (tenant, work) =>
      use((db) =>
        asyncTransaction(db, () => {
          takeTenant(db, path, tenant);
          return work(target(db, sqliteTables(db)));
        }),
      ),
  };
}

function source(db: DatabaseSync, tables: ReadonlyMap<string, SqliteTable>): TransferSource {
  return {
    tenant: tenantRow(db),
    count: (table) => Promise.resolve(countOf(db, table)),
    async *rows({ name, columns }) {
      const table = entryOf(tables, name);
      const list = columns.map((column) => entryOf(table.columns, column).read);
      const order = table.order === undefined ? '' : ` ORDER BY t.${table.order}`;
      const statement = db.prepare(`SELECT ${list.join(', ')} FROM "${name}" t${order}`);
      statement.setReturnArrays(true);
      let batch: TransferRow[] = [];
      for (const row of statement.iterate<TransferRow>()) {
        batch.push(row);
        if (batch.length < transferBatch) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
  };
}

function target(db: DatabaseSync, tables: ReadonlyMap<string, SqliteTable>): TransferTarget {
  return {
    count: (table) => Promise.resolve(countOf(db, table)),
    scans: () =>
      Promise.resolve(
        new Map(
          db
            .prepare('SELECT uuid, status FROM scan_jobs')
            .all()
            .map((row) => [String(row['uuid']), String(row['status'])]),
        ),
      ),
    async insert(table, batches) {
      const { insert, bind } = insertion(entryOf(tables, table.name), table);
      const statement = db.prepare(insert);
      for await (const batch of batches) for (const row of batch) statement.run(...bind(row));
    },
  };
}

/** The INSERT for a row, and its parameters. */
function insertion(
  table: SqliteTable,
  { name, columns }: TransferTable,
): { insert: string; bind: (row: TransferRow) => TransferRow } {
  const own = columns.map((column) => entryOf(table.columns, column));
  const names = own.map(({ name: stored }) => stored);
  const values = own.map(({ write }, index) => write(`?${index + 1}`));
  if (table.hasTenant) {
    names.push('tenant_id');
    values.push('(SELECT id FROM tenants ORDER BY id LIMIT 1)');
  }
  const { computed } = table;
  const from = computed ? columns.indexOf(computed.from) : -1;
  if (computed) {
    names.push(computed.column);
    values.push(`?${columns.length + 1}`);
  }
  const verb = name === 'settings' ? 'INSERT OR IGNORE' : 'INSERT';
  return {
    insert: `${verb} INTO "${name}" (${names.join(', ')}) VALUES (${values.join(', ')})`,
    bind: computed ? (row) => [...row, computed.of(String(row[from]))] : (row) => row,
  };
}

function countOf(db: DatabaseSync, table: string): number {
  return firstRow(db.prepare(`SELECT count(*) AS n FROM "${table}"`).all<{ n: number }>()).n;
}

function tenantRow(db: DatabaseSync): TransferTenant {
  return firstRow(
    db
      .prepare(
        `SELECT uuid AS id, name, created_at AS createdAt, created_by AS createdBy,
      modified_by AS modifiedBy FROM tenants ORDER BY id LIMIT 1`,
      )
      .all<TransferTenant>(),
  );
}

/** A file holds one tenant: an empty file takes over the copied tenant. */
function takeTenant(db: DatabaseSync, path: string, tenant: TransferTenant): void {
  const present = tenantRow(db);
  if (present.id === tenant.id) return;
  if (countOf(db, 'scan_jobs') + countOf(db, 'hosts') > 0) {
    throw new AppError(
      'AMBIGUOUS',
      `${path} holds the tenant "${present.name}" and can hold no other: name a new file`,
    );
  }
  db.prepare(
    `UPDATE tenants SET uuid = ?, name = ?, created_at = ?, created_by = ?, modified_by = ?`,
  ).run(tenant.id, tenant.name, tenant.createdAt, tenant.createdBy, tenant.modifiedBy);
}
