/**
 * The first row of a query that always has one, such as an aggregate.
 *
 * @throws TypeError if there is none
 */
export function firstRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new TypeError('the query returned no row');
  return row;
}
