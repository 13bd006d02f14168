import { portStates, reasons, transports } from '../../../core/states.ts';
import type { DatabaseSync } from '../../../database/driver.ts';
import { AppError } from '../../../errors.ts';

/** Rows of `port_scans` that a block takes at most: 2 MB. */
export const blockRows = 32_768;

/** Part of a table of ports: rows by their rowid, or one scan's rows behind a key. */
export type PortRange =
  | { readonly first: number; readonly last: number; readonly jobs: string }
  | { readonly job: number; readonly after: PortKey };

/** The key of a port within its scan. */
export type PortKey = readonly [host: number, transport: string, port: number];

/** The key before every other. */
export const beforeFirst: PortKey = [-1, '', -1];

/** Arrays of {@link blockRows} values. */
export interface PortArrays {
  /** job, host, first_seen, last_seen, and confidence (NaN where it is NULL). */
  readonly numbers: readonly Float64Array<ArrayBuffer>[];
  /** The port; indices into `transports`, `portStates`, `reasons`, `services`; -1 for NULL. */
  readonly codes: readonly Int32Array<ArrayBuffer>[];
}

/** Columns of `port_scans`. */
export interface PortBlock extends PortArrays {
  readonly rows: number;
  readonly services: readonly string[];
  /** Where a scan's rows go on behind this block. */
  readonly next: PortRange | undefined;
}

/** The buffers of arrays, to be transferred to another thread. */
export function buffersOf({ numbers, codes }: PortArrays): ArrayBuffer[] {
  return [...numbers, ...codes].map(({ buffer }) => buffer);
}

const columns =
  'job_id, host_id, first_seen, last_seen, confidence, port, transport, state, reason, service';

const select = {
  byRowid: `
    SELECT count(take_port(${columns})) FROM port_scans NOT INDEXED
    WHERE rowid BETWEEN ? AND ? AND job_id IN (SELECT value FROM json_each(?))`,
  byKey: `
    SELECT count(take_port(${columns})) FROM (
      SELECT ${columns} FROM port_scans
      WHERE job_id = ? AND (host_id, transport, port) > (?, ?, ?)
      ORDER BY host_id, transport, port LIMIT ${blockRows})`,
};

/**
 * Reads blocks. A function of ours that SQL calls for every row takes the values straight into
 * typed arrays: twice as fast as rows that become objects, and faster than texts that SQLite puts
 * together and JavaScript takes apart (docs/performance.md). Arrays of a block that is done with
 * are filled again: left to the garbage collector they pile up.
 */
export function portReader(db: DatabaseSync): (range: PortRange, arrays?: PortArrays) => PortBlock {
  let block: OpenBlock = emptyBlock();
  let rows = 0;
  let last: PortKey = beforeFirst;
  const take = (...row: readonly never[]): null => {
    const [job, host, first, latest, confidence, port, transport, state, reason, service] = row;
    const { numbers, codes } = block;
    numbers[0]![rows] = job!;
    numbers[1]![rows] = host!;
    numbers[2]![rows] = first!;
    numbers[3]![rows] = latest!;
    numbers[4]![rows] = confidence ?? Number.NaN;
    codes[0]![rows] = port!;
    codes[1]![rows] = codeOf(codeBook.transports, transport!);
    codes[2]![rows] = codeOf(codeBook.states, state!);
    codes[3]![rows] = codeOf(codeBook.reasons, reason!);
    codes[4]![rows] = serviceCode(block, service!);
    rows++;
    last = [host!, transport!, port!];
    return null;
  };
  db.function('take_port', { varargs: true }, take as never);
  const byRowid = db.prepare(select.byRowid);
  const byKey = db.prepare(select.byKey);
  return (range, arrays) => {
    block = emptyBlock(arrays);
    rows = 0;
    if ('job' in range) byKey.get(range.job, ...range.after);
    else byRowid.get(range.first, range.last, range.jobs);
    const { services, numbers, codes } = block;
    const isMore = 'job' in range && rows === blockRows;
    const next = isMore ? { job: range.job, after: last } : undefined;
    return { rows, services, numbers, codes, next };
  };
}

type CodeBook = ReadonlyMap<string | null, number>;

function book(words: readonly string[]): CodeBook {
  return new Map<string | null, number>([[null, -1], ...words.map(coded)]);
}

function coded(word: string, code: number): [string, number] {
  return [word, code];
}

const codeBook = { transports: book(transports), states: book(portStates), reasons: book(reasons) };

function codeOf(words: CodeBook, word: string | null): number {
  const code = words.get(word);
  if (code !== undefined) return code;
  throw new AppError('STORE_CORRUPT', `"${word}" is no state, reason or transport of a port`);
}

interface OpenBlock extends PortArrays {
  readonly services: string[];
  readonly index: Map<string, number>;
}

function serviceCode({ services, index }: OpenBlock, service: string | null): number {
  if (service === null) return -1;
  const known = index.get(service);
  if (known !== undefined) return known;
  index.set(service, services.length);
  return services.push(service) - 1;
}

function emptyBlock(arrays?: PortArrays): OpenBlock {
  const {
    numbers = Array.from({ length: 5 }, () => new Float64Array(blockRows)),
    codes = Array.from({ length: 5 }, () => new Int32Array(blockRows)),
  } = arrays ?? {};
  return { services: [], index: new Map(), numbers, codes };
}
