import { homedir } from 'node:os';
import { join } from 'node:path';

/** Connections to a PostgreSQL server. */
export interface PoolSettings {
  /** Maximum number. */
  readonly max?: number;
  /** Seconds without use after which a connection is closed. */
  readonly idleSeconds?: number;
  /** Seconds after which a connection is closed in any case. */
  readonly lifetimeSeconds?: number;
}

/** Settings from the environment, which nothing else in Portolan reads. */
export interface Config {
  /** The store: a file path or the URL of a PostgreSQL database. */
  readonly db: string;
  /** The tenant to use; undefined for the default one. */
  readonly tenant: string | undefined;
  /** Limits for connections to PostgreSQL. */
  readonly pool: PoolSettings;
  /** The folder for column caches of stores that are not files. */
  readonly cacheFolder: string;
  /** The registry of local ports: a file's path. */
  readonly portRegistry: string;
  /** Whether the user wants no color anywhere (https://no-color.org). */
  readonly noColor: boolean;
}

/**
 * Reads the environment: `PORTOLAN_DB` (default `~/.portolan/results.db`), `PORTOLAN_TENANT`,
 * `PORTOLAN_POOL_MAX`, `PORTOLAN_POOL_IDLE` and `PORTOLAN_POOL_LIFETIME` (seconds),
 * `XDG_CACHE_HOME` (default `~/.cache`), `PORTKEEPER_DB_PATH` (default `~/.portkeeper/database.db`) and `NO_COLOR`.
 *
 * @param env the process's environment, or a test's
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const home = env['HOME'] ?? homedir();
  return Object.freeze({
    db: env['PORTOLAN_DB'] || join(home, '.portolan', 'results.db'),
    tenant: env['PORTOLAN_TENANT'] || undefined,
    pool: Object.freeze({
      ...numberOf('max', env['PORTOLAN_POOL_MAX']),
      ...numberOf('idleSeconds', env['PORTOLAN_POOL_IDLE']),
      ...numberOf('lifetimeSeconds', env['PORTOLAN_POOL_LIFETIME']),
    }),
    cacheFolder: join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'portolan'),
    portRegistry: env['PORTKEEPER_DB_PATH'] || join(home, '.portkeeper', 'database.db'),
    noColor: (env['NO_COLOR'] ?? '') !== '',
  });
}

/** The positive integer in a variable, under a name; empty for other text. */
function numberOf<Name extends string>(
  name: Name,
  text: string | undefined,
): { readonly [K in Name]?: number } {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text)
    ? ({ [name]: Number(text) } as { readonly [K in Name]: number })
    : {};
}
