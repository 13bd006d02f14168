import { createHash, hash, randomBytes } from 'node:crypto';
import { canonicalAddress } from './address.ts';

/** The tenant of a store with a single user. */
export const defaultTenantId = '00000000-0000-0000-0000-000000000000';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of any version. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

let lastMs = 0;
let counter = 0;

/**
 * A new id of a scan job: UUID version 7 (RFC 9562), so that ids sort by time of creation; a
 * counter in the 12 bits after the time keeps ids of one millisecond in order (method 1 of its
 * section 6.2).
 */
export function newJobId(): string {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    counter = randomBytes(2).readUInt16BE() & 0x7ff;
  } else {
    counter += 1;
    if (counter > 0xfff) [lastMs, counter] = [lastMs + 1, 0];
  }
  const tail = randomBytes(10);
  tail.writeUInt16BE(counter);
  return uuidV7(lastMs, tail);
}

/**
 * The id of a host: UUID version 8 (RFC 9562) of the SHA-256 of tenant and canonical address. The
 * same host has the same id on every worker and in every store, without a lookup.
 *
 * @param address any spelling of an IPv4 or IPv6 address
 */
export function hostId(tenantId: string, address: string): string {
  return uuidOf(`host\n${tenantId}\n${canonicalAddress(address)}`);
}

/**
 * The id of a job for a stream whose run id is not a UUID: a UUID version 7 with the stream's time
 * and a hash for its random bits, so that importing the same stream again finds the same job, and
 * ids still sort by time. A run id that is a UUID is kept.
 *
 * @param runId the stream's own name for the run
 * @param startedAt epoch ms
 */
export function jobIdOf(runId: string, startedAt: number): string {
  if (isUuid(runId)) return runId.toLowerCase();
  return uuidV7(startedAt, createHash('sha256').update(`run\n${runId}`).digest());
}

/**
 * The short id that users see and type: the millisecond and the twelve bits after it, which
 * distinguish jobs of the same millisecond.
 */
export function shortId(id: string): string {
  return id.slice(0, 18);
}

/** @param tail at least 10 bytes; the first two sort after the time */
function uuidV7(ms: number, tail: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(ms, 0, 6);
  bytes.set(tail.subarray(0, 10), 6);
  return stringify(bytes, 7);
}

function uuidOf(text: string): string {
  return stringify(hash('sha256', text, 'buffer').subarray(0, 16), 8);
}

/** 16 bytes as text, with the version and the variant of RFC 9562 set. */
function stringify(bytes: Buffer, version: number): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join('-')}-${hex.slice(20)}`;
}
