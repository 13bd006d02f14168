import { AppError } from '../../errors.ts';
import { type DuckDb, literal } from '../data-set/duckdb.ts';
import { withoutComments } from './statements.ts';

/** A statement that can only read. */
export interface CheckedQuery {
  /** The text that was checked, and the only one to run. */
  readonly text: string;
  /** Files and patterns of files that it names. */
  readonly files: readonly string[];
}

/** Table functions that read files, named by their first argument. */
const fileFunctions = new Set(
  `glob parquet_file_metadata parquet_kv_metadata parquet_metadata parquet_scan parquet_schema
   read_blob read_csv read_csv_auto read_json read_json_auto read_json_objects
   read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet read_text
   sniff_csv`.split(/\s+/),
);
const otherFunctions = new Set(['generate_series', 'json_each', 'json_tree', 'range', 'unnest']);

/** Functions in expressions that wait, log, read settings or plan SQL of their own; internal ones. */
const refusedInExpressions =
  /^(current_setting|getenv|json_serialize_plan|pg_sleep|sleep_ms|write_log|__internal_.*)$/;

/** Names that DuckDB reads as files where no table has them. */
const dataFile = /\.(csv|tsv|parquet|json|jsonl|ndjson)(\.(gz|zst))?$/i;

const explain =
  /^\s*explain\s*(?:\banalyze\b|\(\s*(?:analyze|format\s+\w+)(?:\s*,\s*(?:analyze|format\s+\w+))*\s*\)|\b)/i;

/** What is read of a node of DuckDB's syntax tree. */
interface Node {
  readonly type?: unknown;
  readonly function_name?: string;
  readonly function?: Node;
  readonly children?: readonly Node[];
  readonly value?: { readonly value?: unknown };
  readonly catalog_name?: string;
  readonly schema_name?: string;
  readonly table_name?: string;
}

interface Parsed {
  readonly statements?: readonly unknown[];
  readonly error_type?: string;
  readonly error_message?: string;
}

/**
 * Decides on DuckDB's syntax tree, before anything is bound: binding already has effects.
 *
 * @throws AppError INVALID_INPUT where a text is not one statement that only reads
 */
export async function checkQuery(duck: DuckDb, text: string): Promise<CheckedQuery> {
  const files = await filesOf(duck, text);
  if (files) return { text, files };
  const bare = withoutComments(text);
  const [prefix] = explain.exec(bare) ?? [];
  const explained = prefix && (await filesOf(duck, bare.slice(prefix.length)));
  if (explained) return { text: bare, files: explained };
  throw new AppError(
    'INVALID_INPUT',
    `a query can only read (SELECT, FROM, DESCRIBE, SUMMARIZE, EXPLAIN): ${text.slice(0, 200)}`,
  );
}

/** The files that a SELECT names; undefined for other statements. */
async function filesOf(duck: DuckDb, text: string): Promise<string[] | undefined> {
  const { json } = await duck.row<{ json: string }>(
    `SELECT CAST(json_serialize_sql(${literal(text)}) AS VARCHAR) AS json`,
  );
  const nodes: Node[] = [];
  const parsed: Parsed = JSON.parse(json, (_key, value: Node | null) => {
    if (value?.type !== undefined || value?.function_name !== undefined) nodes.push(value);
    return value;
  });
  if (parsed.error_type === 'parser') {
    throw new AppError('INVALID_INPUT', `Parser Error: ${parsed.error_message}`);
  }
  return parsed.statements?.length === 1 ? nodes.flatMap(namedFiles) : undefined;
}

/** @throws AppError INVALID_INPUT for a function that is not allowed */
function namedFiles(node: Node): string[] {
  if (node.type === 'BASE_TABLE') {
    const { catalog_name, schema_name, table_name } = node;
    const name = [catalog_name, schema_name, table_name].filter(Boolean).join('.');
    return dataFile.test(name) ? [name] : [];
  }
  if (node.type === 'TABLE_FUNCTION') return filesOfCall(node.function);
  if (refusedInExpressions.test(node.function_name?.toLowerCase() ?? '')) refuse(node);
  return [];
}

function filesOfCall(call: Node | undefined): string[] {
  const name = call?.function_name?.toLowerCase() ?? '';
  if (otherFunctions.has(name)) return [];
  if (!fileFunctions.has(name)) refuse(call);
  const [first] = call?.children ?? [];
  return (first?.function_name === 'list_value' ? (first.children ?? []) : [first]).map((file) => {
    const path = file?.type === 'VALUE_CONSTANT' ? file.value?.value : undefined;
    if (typeof path === 'string') return path;
    throw new AppError('INVALID_INPUT', `${name}() needs its files as literal text`);
  });
}

function refuse(call: Node | undefined): never {
  throw new AppError('INVALID_INPUT', `a query cannot call ${call?.function_name}()`);
}
