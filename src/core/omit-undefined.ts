type Defined<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** An object without null and undefined members, because events omit unknown fields. */
export function omitUndefined<T extends object>(object: T): Defined<T> {
  const known: Defined<T> = {};
  for (const name in object) {
    const value = object[name];
    if (value !== null && value !== undefined) known[name] = value;
  }
  return known;
}
