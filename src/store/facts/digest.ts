import { createHash } from 'node:crypto';

/** The key of a row that has no natural one: the first 8 bytes of the SHA-256 of its content. */
export function digestOf(identity: readonly unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(identity)).digest().subarray(0, 8);
}
