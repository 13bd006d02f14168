import type { Page, PageRequest } from '../store/keyset.ts';
import type { StoreDatabase } from '../store/store.ts';
import type { Filters, FilterValues } from './filters.ts';

/** The meaning of a cell in addition to its text: a color on a terminal, a style on a page. */
export type Tone = 'good' | 'bad' | 'warning' | 'info' | 'muted';

/** A column of a table for people. (Methods, so that a column of one row fits a list of any.) */
export interface Column<Row> {
  readonly title: string;
  value(row: Row): string | number | null | undefined;
  /** `time`: the value is epoch ms, shown in the reader's own time zone. */
  readonly kind?: 'time';
  readonly align?: 'left' | 'right';
  tone?(row: Row): Tone | undefined;
}

/**
 * A listed resource: hosts, ports, … Commands, routes and tools are built from it, so it does not
 * depend on them.
 *
 * @example
 * const page = await ports.list(store.database, { scan: id }, { limit: 100 });
 * const rows = page.rows.map((row) => ports.toJson(row));
 */
export interface Resource<
  Row extends object = object,
  F extends Filters = Filters,
  Json extends object = object,
> {
  /** Filters, by the names that `list` uses for their values. */
  readonly filters: F;
  list(db: StoreDatabase, filter?: FilterValues<F>, page?: PageRequest): Promise<Page<Row>>;
  /** The sort order, in words. */
  readonly order: string;
  /** Notes for readers of the list. */
  readonly notes?: string;
  /** Filters as a user writes them, by name; the first example has none. */
  readonly examples: readonly Readonly<Record<string, string>>[];
  readonly columns: readonly Column<NoInfer<Row>>[];
  /** The message for an empty store. */
  readonly empty: string;
  /** Whether it has rows before a store exists. */
  readonly hasBuiltIns?: true;
  /** A row for machines; times are ISO 8601. Members may be added but never changed. */
  toJson(row: NoInfer<Row>): Json;
}

/** Declares a resource, with types inferred from its filters and list. */
export function defineResource<Row extends object, F extends Filters, Json extends object>(
  resource: Resource<Row, F, Json>,
): Resource<Row, F, Json> {
  return resource;
}
