import type pg from 'pg';
import { formatAddress } from '../../core/address.ts';
import { compileSql, identifier, sql, type Sql } from '../sql.ts';
import type { Dialect } from '../dialect.ts';
import { type QueueMessage, type StoreDatabase, taskName } from '../store.ts';
import { inTransaction, type Role, type Session } from './session.ts';

const dialect: Dialect = {
  time: (ms) => new Date(ms).toISOString(),
  hasNumberKeys: false,
  uuidColumn: 'id',
  // As a literal, so that the planner sees the scan's partition.
  keyOf: (_, uuid) => sql`${uuid}::uuid`,
  isOfTenant: (table, tenantId) => sql`${identifier(`${table}.tenant_id`)} = ${tenantId}::uuid`,
  hasPartitions: true,
  addressColumn: 'address',
  addressBound: (address) => sql`${formatAddress(address)}::inet`,
  addressText: (column) => sql`host(${identifier(column)})`,
  jsonEach: (column) => sql`LATERAL (
    SELECT key, (value #>> '{}')::numeric AS value FROM jsonb_each(${identifier(column)}))`,
  keyTable: (
    rows,
  ) => sql`(SELECT ordinal - 1 AS place, job_id, host_id, transport, port FROM unnest(
    ${rows.map((row) => row.job_id)}::uuid[], ${rows.map((row) => row.host_id)}::uuid[],
    ${rows.map((row) => row.transport)}::text[], ${rows.map((row) => row.port)}::integer[]
    ) WITH ORDINALITY AS keys (job_id, host_id, transport, port, ordinal))`,
  fromNow: (ms) => sql`(clock_timestamp() + ${ms} * interval '1 ms')`,
  hasOneWriter: false,
  true: sql`true`,
  false: sql`false`,
  millisecond: sql`interval '1 ms'`,
  lock: { waiting: sql`FOR NO KEY UPDATE`, skipping: sql`FOR NO KEY UPDATE SKIP LOCKED` },
  factTenant: (tenantId) => ({ column: sql`tenant_id, `, value: sql`${tenantId}::uuid, ` }),
  // The greatest of time and scan as one text, in a quarter of the time of sorting by both.
  newestJob: sql`CAST(substr(
    max(encode(timestamptz_send(t) || uuid_send(job_id), 'hex') COLLATE "C"), 17) AS uuid)`,
};

/** Shared by all connections to PostgreSQL. */
function databaseOf(
  connection: Pick<StoreDatabase, 'tenantId' | 'query' | 'transaction'>,
): StoreDatabase {
  return {
    dialect,
    ...connection,
    async prepareScan(id) {
      await connection.query(sql`SELECT ensure_partitions(${id}::uuid)`);
    },
    async notifyWorkers(message) {
      await connection.query(addTicket(message));
    },
  };
}

function addTicket(message: QueueMessage): Sql {
  const { priority, runAt } = message;
  return sql`SELECT portolan_private.add_ticket(${taskName(message)}, ${priority},
    ${runAt === undefined ? null : new Date(runAt).toISOString()})`;
}

/** How long a query waits for a server restart and for locks. */
const patienceMs = 30_000;

/**
 * Runs shared queries on PostgreSQL. Each query is a separate transaction, because its tenant is a
 * transaction-local setting.
 */
export function postgresDatabase(session: Session, role: Role, tenantId: string): StoreDatabase {
  const run = <T>(isIdempotent: boolean, work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
    inTransaction(session, role, work, { isIdempotent, patienceMs });
  return databaseOf({
    tenantId,
    query: (query) => run(isReading(query), (client) => queryOn(client, query)),
    transaction: (work) => run(false, (client) => work(onClient(client, tenantId))),
  });
}

/** The same on a connection with an open transaction: a nested transaction is the same one. */
export function onClient(client: pg.PoolClient, tenantId: string): StoreDatabase {
  const database = databaseOf({
    tenantId,
    query: (query) => queryOn(client, query),
    transaction: (work) => work(database),
  });
  return database;
}

/** A statement that only reads may run again even if the connection broke at the very end. */
function isReading(query: Sql): boolean {
  return /^\s*SELECT\b/i.test(compileSql(query, () => '').text);
}

async function queryOn<Row extends object>(client: pg.PoolClient, query: Sql): Promise<Row[]> {
  const { text, values } = compileSql(query, (number) => `$${number}`);
  const { rows } = await client.query<Row>(text, values);
  return rows;
}
