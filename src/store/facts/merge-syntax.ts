/** SQL for merging rows that differs between the dialects. */
export interface MergeSyntax {
  /** Functions for the lesser and the greater of two values. */
  readonly least: string;
  readonly greatest: string;
  /** The time that means "never checked". */
  readonly never: string;
  /** The members of a JSON array as a table with the column `value`. */
  readonly elements: string;
  /** The parameter with this number. */
  readonly parameter: (number: number) => string;
}
