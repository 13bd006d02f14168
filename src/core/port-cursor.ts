import type { PortColumns } from './event-batch.ts';

/**
 * One row of {@link PortColumns}. Iterating moves it along the rows and yields itself each time, so
 * that 50,000 ports are read without an object for each.
 */
export class PortCursor implements Iterable<PortCursor> {
  readonly length: number;
  row = 0;
  private readonly columns: PortColumns;

  constructor(columns: PortColumns) {
    this.columns = columns;
    this.length = columns.length;
  }

  /** By hand: V8 optimizes no loop through a generator. */
  [Symbol.iterator](): Iterator<this> {
    let row = 0;
    return {
      next: () => {
        if (row >= this.length) return { value: undefined, done: true };
        this.row = row++;
        return { value: this, done: false };
      },
    };
  }

  /** The same object, at another row. */
  at(row: number): this {
    this.row = row;
    return this;
  }

  get address(): number {
    return this.columns.address[this.row]!;
  }

  get transport(): number {
    return this.columns.transport[this.row]!;
  }

  get port(): number {
    return this.columns.port[this.row]!;
  }

  get state(): number {
    return this.columns.state[this.row]!;
  }

  get reason(): number {
    return this.columns.reason[this.row]!;
  }

  get service(): number {
    return this.columns.service[this.row]!;
  }

  get first(): number {
    return this.columns.first[this.row]!;
  }

  get last(): number {
    return this.columns.last[this.row]!;
  }
}

/** The list entry for an index or code in a column. */
export function entryAt<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw new RangeError(`a list of ${list.length} has no entry ${index}`);
  return entry;
}
