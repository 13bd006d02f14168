import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the environment says; nothing else in Portolan reads it. */
export interface Config {
  /** The store: a file's path. */
  readonly db: string;
  /** The registry of local ports: a file's path. */
  readonly portRegistry: string;
  /** Whether the user wants no colour anywhere (https://no-color.org). */
  readonly noColor: boolean;
}

/**
 * Reads the environment: `PORTOLAN_DB` (default `~/.portolan/results.db`), `PORTKEEPER_DB_PATH`
 * (default `~/.portkeeper/database.db`) and `NO_COLOR`.
 *
 * @param env the process's environment, or a test's
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const home = env['HOME'] ?? homedir();
  return Object.freeze({
    db: env['PORTOLAN_DB'] || join(home, '.portolan', 'results.db'),
    portRegistry: env['PORTKEEPER_DB_PATH'] || join(home, '.portkeeper', 'database.db'),
    noColor: (env['NO_COLOR'] ?? '') !== '',
  });
}
