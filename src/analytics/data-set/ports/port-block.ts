import { portStates, reasons, transports } from '../../../core/states.ts';
import type { DatabaseSync, SQLInputValue } from '../../../database/driver.ts';
import { AppError } from '../../../errors.ts';

/** Maximum rows of `port_scans` per block: 2 MB. */
export const blockRows = 32_768;

/** Part of a table of ports: rows by rowid, or one scan's rows after a key. */
export type PortRange =
  | { readonly first: number; readonly last: number; readonly jobs: string }
  | { readonly job: number; readonly after: PortKey };

/** The key of a port within its scan: host, transport, port. */
export type PortKey = readonly SQLInputValue[];

/** The key that sorts before all others. */
export const beforeFirst: PortKey = [-1, '', -1];

/** Columns of `port_scans`, {@link blockRows} values each. Their order is that of `rawColumns`. */
export type PortArrays = Readonly<ReturnType<typeof newArrays>>;

const numbers = () => new Float64Array(blockRows);
const codes = () => new Int32Array(blockRows);

function newArrays() {
  return {
    job: numbers(),
    host: numbers(),
    first_seen: numbers(),
    last_seen: numbers(),
    /** NaN for NULL. */
    confidence: numbers(),
    port: codes(),
    /** Indices into `transports`, `portStates`, `reasons` and `services`; -1 for NULL. */
    transport: codes(),
    state: codes(),
    reason: codes(),
    service: codes(),
  };
}

/** Rows of `port_scans`. */
export interface PortBlock {
  readonly rows: number;
  readonly arrays: PortArrays;
  readonly services: readonly string[];
  /** Where a scan's rows continue after this block. */
  readonly next: PortRange | undefined;
}

/** The buffers of arrays, to be transferred to another thread. */
export function buffersOf(arrays: PortArrays): ArrayBuffer[] {
  return Object.values(arrays).map(({ buffer }) => buffer);
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
 * Reads blocks. SQL calls a JavaScript function for every row, which puts the values straight into
 * typed arrays: twice as fast as rows as objects, and faster than texts that SQLite joins and
 * JavaScript splits (docs/performance.md). Arrays are reused, because they would pile up before the
 * garbage collector frees them.
 */
export function portReader(db: DatabaseSync): (range: PortRange, arrays?: PortArrays) => PortBlock {
  let arrays = newArrays();
  let services = new Map<SQLInputValue, number>();
  let rows = 0;
  let last = beforeFirst;
  const take = (...row: PortRow): null => {
    const [job, host, first, latest, confidence, port, transport, state, reason, service] = row;
    arrays.job[rows] = Number(job);
    arrays.host[rows] = Number(host);
    arrays.first_seen[rows] = Number(first);
    arrays.last_seen[rows] = Number(latest);
    arrays.confidence[rows] = Number(confidence ?? Number.NaN);
    arrays.port[rows] = Number(port);
    arrays.transport[rows] = codeOf(codeBook.transports, transport);
    arrays.state[rows] = codeOf(codeBook.states, state);
    arrays.reason[rows] = codeOf(codeBook.reasons, reason);
    arrays.service[rows] = serviceCode(services, service);
    rows++;
    last = [host, transport, port];
    return null;
  };
  db.function('take_port', { varargs: true }, take);
  const byRowid = db.prepare(select.byRowid);
  const byKey = db.prepare(select.byKey);
  return (range, used = newArrays()) => {
    arrays = used;
    services = new Map();
    rows = 0;
    if ('job' in range) byKey.get(range.job, ...range.after);
    else byRowid.get(range.first, range.last, range.jobs);
    const isMore = 'job' in range && rows === blockRows;
    const next = isMore ? { job: range.job, after: last } : undefined;
    return { rows, arrays, services: [...services.keys()].map(String), next };
  };
}

type Value = SQLInputValue;
/** The values of `columns`. */
type PortRow = readonly [Value, Value, Value, Value, Value, Value, Value, Value, Value, Value];

function serviceCode(services: Map<SQLInputValue, number>, service: SQLInputValue): number {
  if (service === null) return -1;
  const known = services.get(service);
  if (known !== undefined) return known;
  services.set(service, services.size);
  return services.size - 1;
}

type CodeBook = ReadonlyMap<unknown, number>;

const codeBook = { transports: book(transports), states: book(portStates), reasons: book(reasons) };

function book(words: readonly string[]): CodeBook {
  return new Map([[null, -1], ...words.map((word, code) => [word, code] as const)]);
}

function codeOf(words: CodeBook, word: SQLInputValue): number {
  const code = words.get(word);
  if (code !== undefined) return code;
  throw new AppError(
    'STORE_CORRUPT',
    `${JSON.stringify(word)} is not a state, reason or transport of a port`,
  );
}
