import type { Filters, FilterValues } from '../resources/filters.ts';
import type { Resource } from '../resources/resource.ts';
import { allRows, type Page, type PageRequest } from '../store/keyset.ts';
import type { StoreDatabase } from '../store/store.ts';
import type { Io } from './io.ts';
import { type OutputOptions, writeRows } from './output.ts';

/**
 * Writes the rows of a resource in the format that the options ask for.
 *
 * @param list.path the words of the command that lists it
 */
export async function writeList<Row extends object, F extends Filters>(
  io: Io,
  db: StoreDatabase,
  list: {
    readonly resource: Resource<Row, F>;
    readonly path: string;
    readonly filter: FilterValues<F>;
    readonly output: OutputOptions & { readonly limit?: number };
  },
): Promise<void> {
  const { resource, path, filter, output } = list;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  // The store may be full of other rows.
  const empty = isFiltered
    ? `Nothing matches. To see all of them: portolan ${path}`
    : resource.empty;
  const rows = limitedRows((page) => resource.list(db, filter, page), output.limit);
  await writeRows(io, output, { rows, shape: { ...resource, empty } });
}

/** Rows of a list, all of them or the first `limit`, read page by page as they are written. */
export async function* limitedRows<Row>(
  list: (page: PageRequest) => Promise<Page<Row>>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Row> {
  let left = limit;
  for await (const row of allRows(list, { limit: Math.min(left, 10_000) })) {
    yield row;
    left -= 1;
    if (left <= 0) return;
  }
}
