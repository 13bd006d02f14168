/**
 * The value of a key that a map must have.
 *
 * @throws TypeError if it does not
 */
export function entryOf<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new TypeError(`there is no entry "${String(key)}"`);
  return value;
}
