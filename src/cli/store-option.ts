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

/** Opens the application on the store that the options, or else the environment, name. */
export async function openFrom(io: Io, options: StoreOptions): Promise<App> {
  const config = readConfig(io.env);
  return openApp({ ...config, db: options.db ?? config.db });
}
