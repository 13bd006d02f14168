import type * as sqlite from 'node:sqlite';
import { AppError, messageOf } from '../errors.ts';

export type SQLInputValue = sqlite.SQLInputValue;
type Named = Record<string, SQLInputValue>;
/** The first row, or undefined. */
type Found<Row> = Row | undefined;
type UntypedRow = Record<string, sqlite.SQLOutputValue>;

/** A prepared statement. The caller names the type of its rows; nothing checks them. */
export interface StatementSync extends sqlite.StatementSync {
  all<Row = UntypedRow>(...values: SQLInputValue[]): Row[];
  all<Row = UntypedRow>(named: Named, ...values: SQLInputValue[]): Row[];
  get<Row = UntypedRow>(...values: SQLInputValue[]): Found<Row>;
  get<Row = UntypedRow>(named: Named, ...values: SQLInputValue[]): Found<Row>;
  iterate<Row = UntypedRow>(...values: SQLInputValue[]): NodeJS.Iterator<Row>;
  iterate<Row = UntypedRow>(named: Named, ...values: SQLInputValue[]): NodeJS.Iterator<Row>;
}

export interface DatabaseSync extends sqlite.DatabaseSync {
  prepare(sql: string): StatementSync;
}

/**
 * Opens a database with the SQLite that is built into Node.js. The only file that uses the driver;
 * see `docs/decisions/0002-sqlite-driver.md` for the choice.
 */
export function openDatabase(path: string, options: { readOnly?: boolean } = {}): DatabaseSync {
  const { DatabaseSync: Database } = loadSqlite();
  return new Database(path, { readOnly: options.readOnly ?? false });
}

/** A copy's progress. */
interface CopyProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

/**
 * Copies a database page by page to a file without blocking the event loop.
 *
 * @param options.rate pages per turn of the event loop
 */
export async function backupDatabase(
  db: DatabaseSync,
  path: string,
  options: { rate: number; progress: (progress: CopyProgress) => void },
): Promise<void> {
  await loadSqlite().backup(db, path, options);
}

/** Suppresses Node.js 22's warning that its SQLite is experimental, which does not help users. */
function loadSqlite(): typeof sqlite {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!/SQLite is an experimental feature/.test(messageOf(warning)))
      emitWarning(warning, ...rest);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** SQLite's primary result codes that are meaningful to users. */
const resultCodes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
};

/** 0 for an error that is not SQLite's. */
function resultCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}

/** Whether another connection holds the lock that was needed. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === resultCodes.busy || code === resultCodes.locked;
}

/** Turns a driver error into one that names the file and what to do; passes others through. */
export function storeError(error: unknown, path: string): unknown {
  const say = (code: ConstructorParameters<typeof AppError>[0], message: string): AppError =>
    new AppError(code, `${path}: ${message}`, { cause: error });
  switch (resultCode(error)) {
    case resultCodes.busy:
    case resultCodes.locked:
      return say('BUSY', 'another process kept it locked for too long; try again when it is done');
    case resultCodes.readOnly:
      return say(
        'STORE_UNWRITABLE',
        'cannot be written; check the owner and mode of the file and its folder',
      );
    case resultCodes.cantOpen:
      return say(
        'STORE_UNWRITABLE',
        'cannot be opened; check that its folder exists and is writable',
      );
    case resultCodes.full:
      return say(
        'STORE_FULL',
        'the disk is full; unrecorded changes were rolled back: free some space, then run it again or resume the scan',
      );
    case resultCodes.ioError:
      return say('STORE_UNWRITABLE', `disk I/O error (${messageOf(error)})`);
    case resultCodes.notADatabase:
      return say('STORE_CORRUPT', 'not a SQLite database; name another file');
    case resultCodes.corrupt:
      return say(
        'STORE_CORRUPT',
        'the database is damaged; restore a backup, or recover what is readable with "sqlite3 FILE .recover"',
      );
    default:
      return error;
  }
}
