/**
 * A seeded permutation of 0 … size − 1 that needs no table: a balanced Feistel network over the
 * next even number of bits, walked until the result is in range (the method of Black and Rogaway,
 * "Ciphers with arbitrary finite domains", 2002). The same size and seed give the same order on
 * every machine, so that a shard, a unit and a resumed scan are just ranges of indices.
 *
 * @param size number of elements, 0 … 2^48
 * @param seed any text
 * @returns a function from position to element, both 0 … size − 1
 */
export function permutation(size: number, seed: string): (position: number) => number {
  if (!Number.isSafeInteger(size) || size < 0 || size > 2 ** 48) {
    throw new RangeError(`a permutation has 0 to 2^48 elements, not ${size}`);
  }
  if (size <= 1) return (position) => position;
  const halfBits = Math.ceil(Math.log2(size) / 2) || 1;
  const half = 2 ** halfBits;
  const mask = half - 1;
  const keys = roundKeys(seed);
  return (position) => {
    let value = position;
    do {
      let left = Math.floor(value / half);
      let right = value % half;
      for (const key of keys) {
        const next = left ^ (mix(right, key) & mask);
        left = right;
        right = next;
      }
      value = left * half + right;
    } while (value >= size);
    return value;
  };
}

/** Six 32-bit keys of a seed: FNV-1a of the text, spread by {@link mix}. */
function roundKeys(seed: string): readonly number[] {
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) {
    hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  }
  return [1, 2, 3, 4, 5, 6].map((round) => mix(hash, Math.imul(round, 0x9e3779b9)));
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output's. */
function mix(value: number, key: number): number {
  let x = (value + key) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
