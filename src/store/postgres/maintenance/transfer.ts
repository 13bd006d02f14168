import type pg from 'pg';
import { firstRow } from '../../../database/rows.ts';
import { entryOf } from '../../../core/entry.ts';
import { AppError } from '../../../errors.ts';
import type {
  Transfer,
  TransferRow,
  TransferValue,
  TransferSource,
  TransferTable,
  TransferTarget,
  TransferTenant,
} from '../../maintenance/transfer.ts';
import { transferBatch } from '../../maintenance/transfer.ts';
import { tenantOf } from '../open.ts';
import type { Server } from './server.ts';
import { type PostgresColumn, type PostgresTable, postgresTables, quoted } from './tables.ts';
import { copyText } from './copy-text.ts';

/** Tables without a tenant, or copied separately. */
const notCopied = new Set(['tenants']);

/** Copies rows out of and into a PostgreSQL store. */
export function serverTransfer(server: Server): Transfer {
  return {
    tables: () =>
      server.asSource(async (client) =>
        (await postgresTables(client))
          .filter(({ name }) => !notCopied.has(name))
          .map((table) => ({
            name: table.name,
            columns: copiedColumns(table).map(({ name }) => name),
          })),
      ),
    async read(tenant, work) {
      const tenantId = await tenantOf(server, tenant);
      return server.asSource(async (client) => {
        await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        return work(await source(client, tenantId));
      });
    },
    write: (tenant, work) =>
      server.asMaintenance(async (client) => {
        await takeTenant(client, server.location, tenant);
        return work(await target(client, tenant.id));
      }),
  };
}

/**
 * All columns except the tenant, which is the same in every row, and identity columns, which get
 * new numbers.
 */
function copiedColumns({ columns }: PostgresTable): PostgresColumn[] {
  return columns.filter(({ name, isIdentity }) => name !== 'tenant_id' && !isIdentity);
}

async function byName(client: pg.ClientBase): Promise<ReadonlyMap<string, PostgresTable>> {
  return new Map((await postgresTables(client)).map((table) => [table.name, table]));
}

/** The columns with these names, in this order. */
function columnsOf({ columns }: PostgresTable, names: readonly string[]): PostgresColumn[] {
  const byColumn = new Map(columns.map((column) => [column.name, column]));
  return names.map((name) => entryOf(byColumn, name));
}

function whereTenant({ columns }: PostgresTable, tenantId: string): string {
  return columns.some(({ name }) => name === 'tenant_id') ? ` WHERE tenant_id = '${tenantId}'` : '';
}

async function countOf(
  client: pg.ClientBase,
  table: PostgresTable,
  tenantId: string,
): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*) AS n FROM ${table.name}${whereTenant(table, tenantId)}`,
  );
  return firstRow(rows).n;
}

async function source(client: pg.ClientBase, tenantId: string): Promise<TransferSource> {
  const tables = await byName(client);
  const { rows } = await client.query<TransferTenant>(
    `SELECT id, name, created_at AS "createdAt", created_by AS "createdBy",
      modified_by AS "modifiedBy" FROM tenants WHERE id = $1`,
    [tenantId],
  );
  return {
    tenant: firstRow(rows),
    count: (name) => countOf(client, entryOf(tables, name), tenantId),
    async *rows({ name, columns }) {
      const table = entryOf(tables, name);
      const own = columnsOf(table, columns);
      const identity = table.columns.find(({ isIdentity }) => isIdentity);
      const order = identity ? ` ORDER BY ${quoted(identity.name)}` : '';
      await client.query(
        `DECLARE rows NO SCROLL CURSOR FOR SELECT ${own.map(readExpression).join(', ')}
         FROM ${name}${whereTenant(table, tenantId)}${order}`,
      );
      const convert = own.map(({ type }) => converters[type]);
      for (;;) {
        const fetched = await client.query<TransferValue[]>({
          text: `FETCH ${transferBatch} FROM rows`,
          rowMode: 'array',
        });
        if (fetched.rows.length === 0) break;
        yield fetched.rows.map((row) =>
          row.map((value, index) => (value === null ? null : (convert[index]?.(value) ?? value))),
        );
      }
      await client.query('CLOSE rows');
    },
  };
}

function readExpression({ name, type }: PostgresColumn): string {
  const column = quoted(name);
  switch (type) {
    case 'boolean':
      return `${column}::integer`;
    case 'inet':
      // Addresses lose their mask, networks keep it.
      return `CASE WHEN masklen(${column}) = CASE family(${column}) WHEN 4 THEN 32 ELSE 128 END
        THEN host(${column}) ELSE ${column}::text END`;
    case 'bytea':
      return `encode(${column}, 'hex')`;
    default:
      return column;
  }
}

/** Converts what the connection's parsers leave unconverted. */
const converters: Readonly<Record<string, ((value: unknown) => TransferValue) | undefined>> = {
  jsonb: (value) => JSON.stringify(value),
  json: (value) => JSON.stringify(value),
  bytea: (value) => Buffer.from(String(value), 'hex'),
};

async function target(client: pg.ClientBase, tenantId: string): Promise<TransferTarget> {
  const tables = await byName(client);
  return {
    count: (name) => countOf(client, entryOf(tables, name), tenantId),
    async scans() {
      const { rows } = await client.query<{ id: string; status: string }>(
        'SELECT id, status FROM scan_jobs WHERE tenant_id = $1',
        [tenantId],
      );
      return new Map(rows.map(({ id, status }) => [id, status]));
    },
    async insert(table, batches) {
      await insert(client, { table, own: entryOf(tables, table.name), tenantId }, batches);
      if (table.name === 'scan_jobs') await makePartitions(client, tenantId);
    },
  };
}

async function insert(
  client: pg.ClientBase,
  { table, own, tenantId }: { table: TransferTable; own: PostgresTable; tenantId: string },
  batches: AsyncIterable<readonly TransferRow[]>,
): Promise<void> {
  const types = columnsOf(own, table.columns).map(({ type }) => type);
  const hasTenant = own.columns.some(({ name }) => name === 'tenant_id');
  const names = [...table.columns, ...(hasTenant ? ['tenant_id'] : [])].map(quoted).join(', ');
  const ending = hasTenant ? `\t${tenantId}` : '';
  if (table.name !== 'settings') {
    await copyText(client, `${table.name} (${names})`, { types, ending }, batches);
    return;
  }
  // Both stores have settings; the target's take precedence.
  await client.query('CREATE TEMP TABLE copied_settings (LIKE settings) ON COMMIT DROP');
  await copyText(client, `copied_settings (${names})`, { types, ending }, batches);
  await client.query('INSERT INTO settings SELECT * FROM copied_settings ON CONFLICT DO NOTHING');
}

/** Creates the partitions for every month with scans of the tenant. */
async function makePartitions(client: pg.ClientBase, tenantId: string): Promise<void> {
  await client.query(
    `SELECT ensure_partitions(id) FROM (SELECT DISTINCT ON (date_trunc('month', uuid_time(id), 'UTC')) id
     FROM scan_jobs WHERE tenant_id = $1 AND substr(id::text, 15, 1) = '7') x`,
    [tenantId],
  );
}

async function takeTenant(
  client: pg.ClientBase,
  location: string,
  { id, name, createdAt, createdBy, modifiedBy }: TransferTenant,
): Promise<void> {
  await client.query(
    `INSERT INTO tenants (id, name, created_at, created_by, modified_by)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [id, name, new Date(createdAt).toISOString(), createdBy, modifiedBy],
  );
  const { rowCount } = await client.query('SELECT FROM tenants WHERE id = $1', [id]);
  if (rowCount === 1) return;
  throw new AppError(
    'AMBIGUOUS',
    `${location} has another tenant named "${name}": rename one of them first`,
  );
}
