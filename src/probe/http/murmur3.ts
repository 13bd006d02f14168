/**
 * MurmurHash3 x86_32 (Appleby, public domain) as a signed 32-bit integer.
 */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = bytes.length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < tail; at += 4) {
    hash ^= scramble(view.getUint32(at, true));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let last = 0;
  for (let at = bytes.length - 1; at >= tail; at--) last = (last << 8) | (bytes[at] ?? 0);
  hash ^= scramble(last) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
