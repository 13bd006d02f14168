import { homedir } from 'node:os';
import { join } from 'node:path';

/** Connections to a PostgreSQL server. */
export interface PoolSettings {
  /** At most. */
  readonly max?: number;
  /** Closed after so long without work, seconds. */
  readonly idleSeconds?: number;
  /** Closed after so long in all, seconds. */
  readonly lifetimeSeconds?: number;
}

/** What the environment says; nothing else in Portolan reads it. */
export interface Config {
  /** The store: a file's path, or the URL of a PostgreSQL database. */
  readonly db: string;
  /** The tenant for which one works; undefined for the default one. */
  readonly tenant: string | undefined;
  /** How many connections to PostgreSQL, and for how long; defaults where nothing is said. */
  readonly pool: PoolSettings;
  /** Where columns of stores that are no file are kept. */
  readonly cacheFolder: string;
  /** The registry of local ports: a file's path. */
  readonly portRegistry: string;
  /** Whether the user wants no colour anywhere (https://no-color.org). */
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

/** A positive whole number by its name; nothing where the text is none. */
function numberOf<Name extends string>(
  name: Name,
  text: string | undefined,
): { readonly [K in Name]?: number } {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text)
    ? ({ [name]: Number(text) } as { readonly [K in Name]: number })
    : {};
}
