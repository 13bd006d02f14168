import type { Command } from 'commander';
import { openAdmin } from '../../../app.ts';
import { readConfig } from '../../../config.ts';
import type { StoreAdmin, KeepingProgress } from '../../../store/maintenance/store-admin.ts';
import type { Io } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import { number } from '../../../core/quantity.ts';

export interface AdminOptions {
  readonly db?: string;
}

/** Adds `--db`. */
export function addDbOption(command: Command): Command {
  return command.option(
    '--db <path>',
    'the store: a file, or postgres://USER@HOST/DB (default: PORTOLAN_DB, ~/.portolan/results.db)',
  );
}

/** Adds `--db` and `--json`. */
export function addKeeperOptions(command: Command): Command {
  return addDbOption(command).option('--json', 'print a JSON object');
}

/** The store that the options, or else the environment, name, for keeping house. */
export function adminFrom(io: Io, { db }: AdminOptions): Promise<StoreAdmin> {
  const config = readConfig(io.env);
  return openAdmin({ db: db ?? config.db, pool: config.pool });
}

/** A line of progress on the terminal while work goes on, and how the work tells of it. */
export function keepingProgress(io: Io): Disposable & {
  readonly options: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: KeepingProgress) => void;
  };
} {
  let last: KeepingProgress | undefined;
  const line = progressLine(io, () => {
    if (!last) return '';
    const { what, done, total } = last;
    return `${what}: ${number(done)}${total === undefined ? '' : ` of ${number(total)}`}`;
  });
  return {
    options: { signal: io.signal, onProgress: (progress) => (last = progress) },
    [Symbol.dispose]: () => line[Symbol.dispose](),
  };
}

/** Prints an object as JSON, or text for people. */
export function asJsonOr(json: boolean | undefined, value: unknown, text: string): string {
  return json ? `${JSON.stringify(value, null, 2)}\n` : text;
}
