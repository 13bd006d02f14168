import { and, identifier, sql } from '../sql.ts';
import { jobKey, type ListFilter, ofTenant } from '../filter.ts';
import {
  decodeCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';

/** Something that went wrong in a scan; time epoch ms. */
export interface ErrorRow {
  readonly scan: string;
  readonly scope: string;
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

export type ErrorFilter = Pick<ListFilter, 'scan' | 'since'> & {
  readonly code?: string | undefined;
};

/** Errors in the order in which they were recorded. */
export async function listErrors(
  db: StoreDatabase,
  filter: ErrorFilter = {},
  page: PageRequest = {},
): Promise<Page<ErrorRow>> {
  const limit = pageLimit(page.limit);
  const { dialect } = db;
  const rows = await db.query<ErrorRow & { id: number }>(sql`
    SELECT e.id, ${identifier(`j.${dialect.uuidColumn}`)} AS scan, e.scope, e.code, e.message, e.at
    FROM scan_errors e JOIN scan_jobs j ON j.id = e.job_id
    WHERE ${and([
      ofTenant(db, 'e'),
      filter.scan !== undefined && sql`e.job_id = ${jobKey(db, filter.scan)}`,
      filter.code && sql`e.code = ${filter.code}`,
      filter.since !== undefined && sql`e.at >= ${dialect.time(filter.since)}`,
      page.after !== undefined && sql`e.id > ${decodeCursor(page.after, ['number'])[0]}`,
    ])}
    ORDER BY e.id
    LIMIT ${limit + 1}`);
  const { rows: kept, next } = toPage(rows, limit, ({ id }) => encodeCursor([id]));
  return { rows: kept.map(({ id: _id, ...row }) => row), next };
}
