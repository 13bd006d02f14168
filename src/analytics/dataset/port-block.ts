import type { DatabaseSync } from '../../database/driver.ts';

/** Rows of `port_scans` that a block takes at most: 4 MB. */
export const blockRows = 65_536;

/** Part of a table of ports: rows by their rowid, or one scan's rows behind a key. */
export type PortRange =
  | { readonly first: number; readonly last: number; readonly jobs: string }
  | { readonly job: number; readonly after: PortKey };

/** The key of a port within its scan. */
export type PortKey = readonly [host: number, transport: string, port: number];

/** The key before every other. */
export const beforeFirst: PortKey = [-1, '', -1];

/**
 * Columns of `port_scans`. Texts are codes, indices into `words`; a confidence that is NULL is NaN.
 */
export interface PortBlock {
  readonly rows: number;
  readonly words: readonly (string | null)[];
  /** The numbers: job, host, first_seen, last_seen, confidence. */
  readonly numbers: readonly Float64Array<ArrayBuffer>[];
  /** The port, and the codes of transport, state, reason, service. */
  readonly codes: readonly Int32Array<ArrayBuffer>[];
  /** Where a scan's rows go on behind this block. */
  readonly next: PortRange | undefined;
}

const columns =
  'job_id, host_id, first_seen, last_seen, confidence, port, transport, state, reason, service';

/**
 * Reads blocks. A function of ours that SQL calls for every row takes the values straight into
 * typed arrays: twice as fast as rows that become objects, and faster than texts that SQLite puts
 * together and JavaScript takes apart (docs/performance.md).
 */
export function portReader(db: DatabaseSync): (range: PortRange) => PortBlock {
  let block = emptyBlock();
  let rows = 0;
  let last: PortKey = beforeFirst;
  const codeOf = (word: string | null): number => {
    const known = block.index.get(word);
    if (known !== undefined) return known;
    block.index.set(word, block.words.length);
    return block.words.push(word) - 1;
  };
  const take = (...row: readonly never[]): null => {
    const [job, host, first, latest, confidence, port, transport, state, reason, service] = row;
    const { numbers, codes } = block;
    numbers[0]![rows] = job!;
    numbers[1]![rows] = host!;
    numbers[2]![rows] = first!;
    numbers[3]![rows] = latest!;
    numbers[4]![rows] = confidence ?? Number.NaN;
    codes[0]![rows] = port!;
    codes[1]![rows] = codeOf(transport!);
    codes[2]![rows] = codeOf(state!);
    codes[3]![rows] = codeOf(reason!);
    codes[4]![rows] = codeOf(service!);
    rows++;
    last = [host!, transport!, port!];
    return null;
  };
  db.function('take_port', { varargs: true }, take as never);
  const byRowid = db.prepare(`
    SELECT count(take_port(${columns})) FROM port_scans NOT INDEXED
    WHERE rowid BETWEEN ? AND ? AND job_id IN (SELECT value FROM json_each(?))`);
  const byKey = db.prepare(`
    SELECT count(take_port(${columns})) FROM (
      SELECT ${columns} FROM port_scans
      WHERE job_id = ? AND (host_id, transport, port) > (?, ?, ?)
      ORDER BY host_id, transport, port LIMIT ${blockRows})`);
  return (range) => {
    block = emptyBlock();
    rows = 0;
    if ('job' in range) byKey.get(range.job, ...range.after);
    else byRowid.get(range.first, range.last, range.jobs);
    const isMore = 'job' in range && rows === blockRows;
    const { words, numbers, codes } = block;
    return {
      rows,
      words,
      numbers,
      codes,
      next: isMore ? { job: range.job, after: last } : undefined,
    };
  };
}

interface OpenBlock {
  readonly words: (string | null)[];
  readonly index: Map<string | null, number>;
  readonly numbers: Float64Array<ArrayBuffer>[];
  readonly codes: Int32Array<ArrayBuffer>[];
}

function emptyBlock(): OpenBlock {
  return {
    words: [],
    index: new Map(),
    numbers: Array.from({ length: 5 }, () => new Float64Array(blockRows)),
    codes: Array.from({ length: 5 }, () => new Int32Array(blockRows)),
  };
}
