import { createHash } from 'node:crypto';
import { stringify, v7 } from 'uuid';
import { canonicalAddress } from './address.ts';

/** The tenant of a store with a single user. */
export const defaultTenantId = '00000000-0000-0000-0000-000000000000';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of any version. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** A new id of a scan job: UUID version 7, so that ids sort by time of creation. */
export function newJobId(): string {
  return v7();
}

/**
 * The id of a host: UUID version 8 (RFC 9562) of the SHA-256 of tenant and canonical address.
 * The same host has the same id on every worker and in every store, without a look-up.
 *
 * @param address any spelling of an IPv4 or IPv6 address
 */
export function hostId(tenantId: string, address: string): string {
  return uuidOf(`host\n${tenantId}\n${canonicalAddress(address)}`);
}

/**
 * The id of a job for a stream whose own run id is no UUID: a UUID version 7 with the time of the
 * stream and a hash for its random bits, so that importing the same stream again meets the same
 * job, and ids still sort by time. A run id that is a UUID is kept.
 *
 * @param runId the stream's own name for the run
 * @param startedAt epoch ms
 */
export function jobIdOf(runId: string, startedAt: number): string {
  if (isUuid(runId)) return runId.toLowerCase();
  const random = createHash('sha256').update(`run\n${runId}`).digest().subarray(0, 16);
  return v7({ msecs: startedAt, seq: random.readUInt32BE(0), random });
}

function uuidOf(name: string): string {
  const random = createHash('sha256').update(name).digest().subarray(0, 16);
  random[6] = (random[6]! & 0x0f) | 0x80;
  random[8] = (random[8]! & 0x3f) | 0x80;
  return stringify(random);
}
