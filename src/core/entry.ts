/**
 * The value of a key that a map is known to have.
 *
 * @throws TypeError where it has not
 */
export function entryOf<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new TypeError(`nothing is known by "${String(key)}"`);
  return value;
}
