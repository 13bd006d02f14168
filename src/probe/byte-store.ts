/** Bytes that arrive in pieces, kept in one buffer up to a limit. */
export interface ByteStore {
  /** Everything kept so far: a view, valid until the next `add`. */
  bytes(): Buffer;
  /** Keeps what still fits; returns whether all of it did. */
  add(chunk: Uint8Array): boolean;
}

/** Doubles its buffer as it grows, so that a server that sends single bytes costs no more. */
export function byteStore(maxBytes: number): ByteStore {
  let buffer = Buffer.allocUnsafe(Math.min(maxBytes, 1024));
  let length = 0;
  return {
    bytes: () => buffer.subarray(0, length),
    add(chunk) {
      const part = chunk.subarray(0, maxBytes - length);
      if (length + part.length > buffer.length) {
        const size = Math.min(maxBytes, Math.max(buffer.length * 2, length + part.length));
        const larger = Buffer.allocUnsafe(size);
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      buffer.set(part, length);
      length += part.length;
      return part.length === chunk.length;
    },
  };
}
