import { DatabaseError, Pool } from 'pg';
import type { PoolSettings } from '../../config.ts';
import { AppError, systemCode } from '../../errors.ts';

/** For measurements see docs/postgresql.md. */
export const defaultPool: Required<PoolSettings> = {
  max: 10,
  idleSeconds: 60,
  lifetimeSeconds: 300,
};

/** A URL without secrets, for messages. */
export function withoutPassword(url: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
  } catch {
    return 'postgres://…';
  }
}

/** OIDs of types that are not read as text. */
const oids = { bool: 16, int8: 20, int2: 21, int4: 23, json: 114, float4: 700, float8: 701 };
const moreOids = { timestamptz: 1184, numeric: 1700, jsonb: 3802 };

/**
 * Parses values as the shared queries expect them: numbers, epoch ms, parsed JSON; everything else
 * is text.
 */
const parsers = new Map<number, (text: string) => unknown>([
  [oids.bool, (text) => text === 't'],
  ...[oids.int8, oids.int2, oids.int4, oids.float4, oids.float8, moreOids.numeric].map(
    (oid) => [oid, Number] as const,
  ),
  ...[oids.json, moreOids.jsonb].map(
    (oid) => [oid, (text: string): unknown => JSON.parse(text)] as const,
  ),
  // The session uses UTC: 2026-01-02 03:04:05.678+00
  [moreOids.timestamptz, (text) => Date.parse(`${text.slice(0, -3).replace(' ', 'T')}Z`)],
]);

const types = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? ((text: string) => text),
};

/** How long to wait for a connection before the server counts as unreachable. */
const connectTimeoutMs = 15_000;

/** Creates a pool that connects on first use. */
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
    // No JIT: compiling a query over 24 months of partitions takes longer than running it.
    options:
      '-c timezone=UTC -c datestyle=ISO -c search_path=public,pg_temp ' +
      '-c client_min_messages=warning -c jit=off',
  });
  // A broken idle connection is replaced when the next one is needed.
  pool.on('error', () => undefined);
  return pool;
}

/** SQLSTATE classes and codes after which the same work may succeed on another connection. */
const lostConnection = /^(08|57P0[1-5]$)/;
const lostSocket = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT']);

const driverSays =
  /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/;

/** Whether the server is gone or shutting down, so that a retry makes sense once it is back. */
export function isConnectionLost(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  if (lostConnection.test(code) || lostSocket.has(code)) return true;
  // Errors raised by the driver itself have no code.
  return error instanceof Error && driverSays.test(error.message);
}

/**
 * Unique constraints of `hosts` that ON CONFLICT (id) does not cover. PostgreSQL reports a
 * violation of one of them instead of the conflict if two transactions insert the same new host at
 * the same moment.
 */
const racedConstraints = new Set(['hosts_address_key', 'hosts_tenant_key']);

/** Whether two transactions collided, so that the same work succeeds when repeated. */
export function isCollision(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  if (['40001', '40P01', '55P03'].includes(code)) return true;
  return error instanceof DatabaseError && racedConstraints.has(error.constraint ?? '');
}

/** Turns a driver error into one that names the store and what to do; passes others through. */
export function postgresError(error: unknown, location: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = systemCode(error) ?? '';
  const say = (name: ConstructorParameters<typeof AppError>[0], message: string): AppError =>
    new AppError(name, `${location}: ${message}`, { cause: error });
  if (isConnectionLost(error) || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return say(
      'STORE_UNREACHABLE',
      `cannot reach the server (${error.message || code}); check its address and that it is running`,
    );
  }
  switch (code) {
    case '3D000':
      return say('NOT_FOUND', 'the database does not exist: create it with "createdb NAME"');
    case '3F000':
      return say(
        'STORE_INCOMPLETE',
        `a part of the store is missing (${error.message}): "portolan db migrate --db URL" repairs it`,
      );
    case '28P01':
    case '28000':
      return say('STORE_DENIED', `authentication failed (${error.message})`);
    case '42501':
      return say(
        'STORE_DENIED',
        `permission denied (${error.message}); ask an administrator to grant ` +
          'portolan_app to users of the store, portolan_maintenance to its administrators',
      );
    case '53100':
      return say(
        'STORE_FULL',
        'the server’s disk is full; unrecorded changes were rolled back: free some space, then run it again or resume the scan',
      );
    case '53300':
      return say('BUSY', 'the server is out of connections; try again, or raise max_connections');
    case '40001':
    case '40P01':
    case '55P03':
      return say('BUSY', 'timed out waiting for other transactions; try again when they are done');
    default:
      return error;
  }
}
