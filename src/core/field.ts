/** What a value must be. By hand: a schema library would take a fifth of the start of a scan. */
export interface Field<T = unknown> {
  /** The accepted values, in words: `a whole number 0 to 5`. */
  readonly needs: string;
  readonly holds: (value: unknown) => value is T;
  readonly byDefault?: T;
}

interface NumberField extends Field<number> {
  readonly isNumber: true;
}

/** The values of an object's fields. */
export type Values<Fields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends Pick<Field<infer T>, 'holds'> ? T : never;
};

/** What is wrong with a field's value; undefined if it is valid. */
export function faultOf({ needs, holds }: Field, value: unknown): string | undefined {
  if (holds(value)) return undefined;
  return `must be ${needs}, not ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'}`;
}

export const flag: Field<boolean> = {
  needs: 'true or false',
  holds: (value) => typeof value === 'boolean',
};

export const text: Field<string> = {
  needs: 'a text',
  holds: (value) => typeof value === 'string',
};

export const texts: Field<readonly string[]> = {
  needs: 'a list of texts',
  holds: (value): value is readonly string[] => Array.isArray(value) && value.every(text.holds),
};

/** One of some words. */
export function oneOf<Word extends string>(...words: readonly Word[]): Field<Word> {
  return {
    needs: `one of ${words.join(', ')}`,
    holds: (value): value is Word => words.some((word) => word === value),
  };
}

/** A number between two bounds, both included. */
export function number(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
  { isWhole = false } = {},
): NumberField {
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `${least} to ${most}`;
  return {
    isNumber: true,
    needs: `a ${isWhole ? 'whole ' : ''}number ${range}`,
    holds: (value): value is number =>
      typeof value === 'number' &&
      (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
      value >= least &&
      value <= most,
  };
}

/** A whole number between two bounds, both included. */
export function integer(least: number, most?: number): NumberField {
  return number(least, most, { isWhole: true });
}
