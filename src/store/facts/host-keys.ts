/** The key of a host that the batch's writer has recorded, by canonical address. */
export function keyOf<Key>(keys: ReadonlyMap<string, Key>, address: string): Key {
  const key = keys.get(address);
  if (key === undefined) throw new RangeError(`the host ${address} is not recorded`);
  return key;
}
