import { DatabaseError, Pool } from 'pg';
import type { PoolSettings } from '../../config.ts';
import { AppError, systemCode } from '../../errors.ts';

/** docs/postgresql.md says what was measured. */
export const defaultPool: Required<PoolSettings> = {
  max: 10,
  idleSeconds: 60,
  lifetimeSeconds: 300,
};

/** A URL as messages may show it. */
export function withoutPassword(url: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
  } catch {
    return 'postgres://…';
  }
}

/** OIDs of types that are read as something other than text. */
const oids = { bool: 16, int8: 20, int2: 21, int4: 23, json: 114, float4: 700, float8: 701 };
const moreOids = { timestamptz: 1184, numeric: 1700, jsonb: 3802 };

/** As the shared queries expect them: numbers, epoch ms, parsed JSON; all else text. */
const parsers = new Map<number, (text: string) => unknown>([
  [oids.bool, (text) => text === 't'],
  ...[oids.int8, oids.int2, oids.int4, oids.float4, oids.float8, moreOids.numeric].map(
    (oid) => [oid, Number] as const,
  ),
  ...[oids.json, moreOids.jsonb].map(
    (oid) => [oid, (text: string): unknown => JSON.parse(text)] as const,
  ),
  // The session is in UTC: 2026-01-02 03:04:05.678+00
  [moreOids.timestamptz, (text) => Date.parse(`${text.slice(0, -3).replace(' ', 'T')}Z`)],
]);

const types = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? ((text: string) => text),
};

/** How long one waits for a connection before the server is called unreachable. */
const connectTimeoutMs = 15_000;

/** Opens a pool; it connects when it is first used. */
export function openPool(url: string, settings: Required<PoolSettings>): Pool {
  const pool = new Pool({
    connectionString: url,
    types,
    max: settings.max,
    idleTimeoutMillis: settings.idleSeconds * 1000,
    maxLifetimeSeconds: settings.lifetimeSeconds,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'portolan',
    // Compiling a question about 24 months of partitions takes longer than answering it: no JIT.
    options:
      '-c timezone=UTC -c datestyle=ISO -c search_path=public,pg_temp ' +
      '-c client_min_messages=warning -c jit=off',
  });
  // An idle connection that breaks is replaced by the next that is needed.
  pool.on('error', () => undefined);
  return pool;
}

/** SQLSTATE classes and codes after which the same work may succeed on another connection. */
const lostConnection = /^(08|57P0[1-5]$)/;
const lostSocket = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT']);

const driverSays =
  /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/;

/** Whether the server is gone or going, so that another try makes sense when it is back. */
export function isConnectionLost(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  if (lostConnection.test(code) || lostSocket.has(code)) return true;
  // What the driver itself says has no code.
  return error instanceof Error && driverSays.test(error.message);
}

/**
 * Unique constraints of `hosts` that ON CONFLICT (id) does not name. PostgreSQL reports a violation of
 * them instead of the conflict when two transactions insert the same new host at the same moment.
 */
const racedConstraints = new Set(['hosts_address_key', 'hosts_tenant_key']);

/** Whether two transactions collided, so that the same work succeeds when it is repeated. */
export function isCollision(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  if (['40001', '40P01', '55P03'].includes(code)) return true;
  return error instanceof DatabaseError && racedConstraints.has(error.constraint ?? '');
}

/** An error of the driver as one that says which store and what to do; any other as it is. */
export function postgresError(error: unknown, location: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = systemCode(error) ?? '';
  const say = (name: ConstructorParameters<typeof AppError>[0], message: string): AppError =>
    new AppError(name, `${location}: ${message}`, { cause: error });
  if (isConnectionLost(error) || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return say(
      'STORE_UNREACHABLE',
      `the server cannot be reached (${error.message || code}); check its address, and that it runs`,
    );
  }
  switch (code) {
    case '3D000':
      return say('NOT_FOUND', 'there is no such database: "createdb NAME" makes one');
    case '28P01':
    case '28000':
      return say('STORE_DENIED', `the server refuses to let you in (${error.message})`);
    case '42501':
      return say(
        'STORE_DENIED',
        `this needs a right that you lack (${error.message}); an administrator grants ` +
          'portolan_app to those who work with the store, portolan_maintenance to those who keep it',
      );
    case '53100':
      return say(
        'STORE_FULL',
        'the disk of the server is full; what was not yet recorded is rolled back: free some space, then run it again or resume the scan',
      );
    case '53300':
      return say('BUSY', 'the server has no connection left; try again, or raise max_connections');
    case '40001':
    case '40P01':
    case '55P03':
      return say('BUSY', 'other work stands in the way for too long; try again when it is done');
    default:
      return error;
  }
}
