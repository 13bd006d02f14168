/** Words of SQL that differ between the dialects, where rows are merged. */
export interface MergeWords {
  /** The lesser and the greater of two values. */
  readonly least: string;
  readonly greatest: string;
  /** The time of what was never checked. */
  readonly never: string;
  /** The members of a JSON array as a table with the column `value`. */
  readonly elements: string;
  /** The parameter with a number. */
  readonly parameter: (number: number) => string;
}
