/**
 * SQL as text with bound values: the shared queries of both stores. A value that is written into
 * the template becomes a bound parameter, never text; a fragment is spliced in. (Why no query
 * builder: docs/decisions/0004-sql-templates.md.)
 */

/** A piece of SQL with its parameters. */
export interface Sql {
  readonly [pieces]: readonly Piece[];
}

type Piece = { readonly text: string } | { readonly value: unknown };
const pieces = Symbol('pieces');

/**
 * @example sql`SELECT * FROM hosts WHERE address = ${address} AND ${condition}`
 */
export function sql(texts: TemplateStringsArray, ...values: readonly unknown[]): Sql {
  const list: Piece[] = [];
  for (const [index, text] of texts.entries()) {
    if (text !== '') list.push({ text });
    if (index >= values.length) continue;
    const value = values[index];
    if (isSql(value)) list.push(...value[pieces]);
    else list.push({ value });
  }
  return { [pieces]: list };
}

/** Concatenates fragments or values. */
export function join(parts: readonly unknown[], separator: Sql = sql`, `): Sql {
  const list: Piece[] = [];
  for (const [index, part] of parts.entries()) {
    if (index > 0) list.push(...separator[pieces]);
    if (isSql(part)) list.push(...part[pieces]);
    else list.push({ value: part });
  }
  return { [pieces]: list };
}

/**
 * The name of a table or column, `name` or `table.name`.
 *
 * @throws TypeError for anything but letters, digits and underscores
 */
export function identifier(text: string): Sql {
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/i.test(text)) {
    throw new TypeError(`"${text}" is not a valid column name`);
  }
  return { [pieces]: [{ text }] };
}

/** `a = ?, b = ?` from an object's members; undefined members are omitted. */
export function assignments(values: Readonly<Record<string, unknown>>): Sql {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return join(given.map(([column, value]) => sql`${identifier(column)} = ${value}`));
}

/** Conditions joined by AND; false, undefined and '' are omitted. */
export function and(conditions: readonly (Sql | false | undefined | '')[]): Sql {
  const given = conditions.filter((condition) => isSql(condition));
  return given.length === 0 ? sql`1 = 1` : join(given, sql` AND `);
}

/**
 * The text and parameters for a driver.
 *
 * @param placeholder the text of a parameter by its number, from 1: `?` or `$1`
 */
export function compileSql(
  query: Sql,
  placeholder: (number: number) => string,
): { readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [];
  let text = '';
  for (const piece of query[pieces]) {
    text += 'text' in piece ? piece.text : placeholder(values.push(piece.value));
  }
  return { text, values };
}

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && pieces in value;
}
