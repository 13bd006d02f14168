import { formula } from '../../core/formula-guard.ts';
import { literal } from './duckdb.ts';

/** A column as `csvLine` writes it. */
export function guarded(column: string): string {
  return `regexp_replace(${column}, ${literal(`^(${formula})`)}, '''\\1') AS ${column}`;
}

/** The original value of a column of such CSV. */
export function unguarded(column: string): string {
  return `regexp_replace(${column}, ${literal(`^'(${formula})`)}, '\\1') AS ${column}`;
}
