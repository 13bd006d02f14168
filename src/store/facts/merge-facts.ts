import { columnName } from './columns.ts';
import type { AnyFact } from './fact.ts';
import type { MergeSyntax } from './merge-syntax.ts';

/** The ON CONFLICT clause for inserting a fact's rows. */
export function mergeClause(fact: AnyFact, words: MergeSyntax): string {
  const { columns, key, merge, table } = fact;
  const target = [ownerColumn(fact), ...key.map((field) => columnName(columns, field))];
  const onConflict = `ON CONFLICT (${target.join(', ')}) DO`;
  const others = Object.keys(columns).filter((field) => !key.includes(field));
  if (merge === 'newest') {
    const updates = others
      .map((field) => columnName(columns, field))
      .map((column) => `${column} = excluded.${column}`);
    const t = columnName(columns, 't');
    return `${onConflict} UPDATE SET ${updates.join(', ')} WHERE excluded.${t} >= ${table}.${t}`;
  }
  if (merge === 'widen-times') {
    return `${onConflict} UPDATE SET
      first_seen = ${words.least}(${table}.first_seen, excluded.first_seen),
      last_seen = ${words.greatest}(${table}.last_seen, excluded.last_seen)`;
  }
  return `${onConflict} NOTHING`;
}

/** The column of a row's owner. */
export function ownerColumn({ owner }: AnyFact): string {
  return owner === 'scan' ? 'job_id' : 'tenant_id';
}
