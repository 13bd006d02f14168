import type { Command } from 'commander';
import { openAdmin } from '../../../app.ts';
import { readConfig } from '../../../config.ts';
import { number } from '../../../core/quantity.ts';
import type { MaintenanceProgress } from '../../../store/maintenance/progress.ts';
import type { StoreAdmin } from '../../../store/maintenance/store-admin.ts';
import type { CommandModule } from '../../command.ts';
import { type Io, write } from '../../io.ts';
import { progressLine } from '../../progress.ts';

export interface AdminOptions {
  readonly db?: string;
  readonly json?: boolean;
}

/** What a command reports: an object for machines, or text and a note on stderr for people. */
export interface Report {
  readonly json: unknown;
  readonly text: string;
  readonly note?: string;
  /** The exit status; 0 by default. */
  readonly status?: number;
}

/** What the work of a command gets. */
interface AdminWork<Options> {
  readonly io: Io;
  readonly admin: StoreAdmin;
  readonly operands: readonly string[];
  readonly options: Options;
  readonly progress: AdminProgress['options'];
}

/** A command that does one thing to a store and reports it. */
export function adminCommand<Options extends AdminOptions>({
  define,
  help,
  work,
}: {
  /** Adds arguments and options to `--db` and `--json`. */
  readonly define?: (command: Command) => void;
  readonly help: string;
  readonly work: (work: AdminWork<Options>) => Promise<Report>;
}): CommandModule {
  return {
    define(command) {
      addDbOption(command).option('--json', 'print a JSON object').addHelpText('after', help);
      define?.(command);
    },
    async run(io, operands: readonly string[], options: Options) {
      await using admin = await adminFrom(io, options);
      using progress = adminProgress(io);
      const report = await work({ io, admin, operands, options, progress: progress.options });
      progress[Symbol.dispose]();
      return await writeReport(io, options, report);
    },
  };
}

/** Prints a report. @returns its exit status */
export async function writeReport(
  io: Io,
  { json: asJson }: AdminOptions,
  { json, text, note = '', status = 0 }: Report,
): Promise<number> {
  await write(io.stdout, asJson ? `${JSON.stringify(json, null, 2)}\n` : text);
  if (!asJson) await write(io.stderr, note);
  return status;
}

/** Adds `--db`. */
export function addDbOption(command: Command): Command {
  return command.option(
    '--db <path>',
    'the store: a file, or postgres://USER@HOST/DB (default: PORTOLAN_DB, ~/.portolan/results.db)',
  );
}

/** Opens the store that the options, or else the environment, name for maintenance. */
export function adminFrom(io: Io, { db }: AdminOptions): Promise<StoreAdmin> {
  const config = readConfig(io.env);
  return openAdmin({ db: db ?? config.db, pool: config.pool });
}

interface AdminProgress extends Disposable {
  readonly options: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: MaintenanceProgress) => void;
  };
}

/** A line of progress on the terminal, and the options by which work updates it. */
export function adminProgress(io: Io): AdminProgress {
  let last: MaintenanceProgress | undefined;
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

/** The rows of all tables. */
export function totalRows(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((sum, each) => sum + each, 0);
}
