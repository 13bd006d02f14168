import type { Command } from 'commander';
import { type App, openApp } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Io } from './io.ts';

export interface StoreOptions {
  readonly db?: string;
}

/** Adds `--db`. */
export function addStoreOption(command: Command): Command {
  return command.option('--db <path>', 'the store (default: PORTOLAN_DB, ~/.portolan/results.db)');
}

/**
 * Opens the application on the store that the options, or else the environment, name.
 *
 * @param create whether a store that does not exist is made: for commands that write
 */
export async function openFrom(io: Io, options: StoreOptions, create = false): Promise<App> {
  const config = readConfig(io.env);
  return openApp({ ...config, db: options.db ?? config.db }, { create });
}
