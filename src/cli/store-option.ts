import type { Command } from 'commander';
import { type App, openApp } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Io } from './io.ts';

export interface StoreOptions {
  readonly db?: string;
  readonly tenant?: string;
}

/** Adds `--db` and `--tenant`. */
export function addStoreOption(command: Command): Command {
  return command
    .option(
      '--db <path>',
      'the store: a file, or postgres://USER@HOST/DB (default: PORTOLAN_DB, ~/.portolan/results.db)',
    )
    .option('--tenant <name>', 'the tenant of a PostgreSQL store (default: PORTOLAN_TENANT)');
}

/**
 * Opens the application on the store that the options, or else the environment, name.
 *
 * @param create whether a missing store is created: for commands that write
 */
export async function openFrom(io: Io, options: StoreOptions, create = false): Promise<App> {
  const config = readConfig(io.env);
  const { db = config.db, tenant = config.tenant } = options;
  return openApp({ ...config, db, tenant }, { create });
}
