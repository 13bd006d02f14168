import type { Page, PageRequest } from '../store/keyset.ts';
import type { StoreDatabase } from '../store/store.ts';
import type { Filters, FilterValues } from './filters.ts';

/** The meaning of a cell beside its text: a color on a terminal, a style on a page. */
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
 * Something that is listed: hosts, ports, … Commands, routes and tools are made from it, so it
 * knows none of them.
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
  /** Filters, under the names by which `list` takes their values. */
  readonly filters: F;
  list(db: StoreDatabase, filter?: FilterValues<F>, page?: PageRequest): Promise<Page<Row>>;
  /** What the rows are sorted by, in words. */
  readonly order: string;
  /** Notes for readers of the list. */
  readonly notes?: string;
  /** Filters as a user writes them, by their names; the first example has none. */
  readonly examples: readonly Readonly<Record<string, string>>[];
  readonly columns: readonly Column<NoInfer<Row>>[];
  /** The message for an empty store. */
  readonly empty: string;
  /** Whether there are rows before a store exists. */
  readonly hasBuiltIns?: true;
  /** A row for machines: times are ISO 8601. Its members stay as they are, and only grow in number. */
  toJson(row: NoInfer<Row>): Json;
}

/** Declares a resource; its types are those of its filters and of its list. */
export function defineResource<Row extends object, F extends Filters, Json extends object>(
  resource: Resource<Row, F, Json>,
): Resource<Row, F, Json> {
  return resource;
}
