import { and, identifier, sql } from '../sql.ts';
import { jobKey, type ListFilter, ofTenant } from '../filter.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage } from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';

/** An error in a scan; time is epoch ms. */
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

const byId = keyset<ErrorRow & { readonly id: number }>([numberKey(sql`e.id`, ({ id }) => id)]);

/** Errors in the order recorded. */
export async function listErrors(
  db: StoreDatabase,
  filter: ErrorFilter = {},
  page: PageRequest = {},
): Promise<Page<ErrorRow>> {
  const { dialect } = db;
  const { rows, next } = await readPage(page, byId, ({ after, order, count }) =>
    db.query(sql`
    SELECT e.id, ${identifier(`j.${dialect.uuidColumn}`)} AS scan, e.scope, e.code, e.message, e.at
    FROM scan_errors e JOIN scan_jobs j ON j.id = e.job_id
    WHERE ${and([
      ofTenant(db, 'e'),
      filter.scan !== undefined && sql`e.job_id = ${jobKey(db, filter.scan)}`,
      filter.code && sql`e.code = ${filter.code}`,
      filter.since !== undefined && sql`e.at >= ${dialect.time(filter.since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`),
  );
  return { rows: rows.map(({ id: _id, ...row }) => row), next };
}
