import { Resolver } from 'node:dns/promises';
import { systemCode } from '../../errors.ts';
import { workThrough } from './work-through.ts';

/** Unanswered queries in a row after which no more are sent. */
const patience = 3;
const atOnce = 16;

/** Finds the names of addresses. */
export type ReverseLookup = (
  addresses: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

/**
 * Reverse DNS through the system's servers, some queries at a time. A network without a DNS server
 * must not hold up a scan: each query waits 1.5 s, and after three unanswered ones in a row no more
 * are sent.
 */
export function reverseLookup(): ReverseLookup {
  const resolver = new Resolver({ timeout: 1500, tries: 1 });
  const cancel = (): void => resolver.cancel();
  let silent = 0;
  return async (addresses, signal) => {
    const names = new Map<string, string>();
    signal.addEventListener('abort', cancel, { once: true });
    await workThrough(addresses, atOnce, async (address) => {
      if (silent >= patience || signal.aborted) return false;
      try {
        const [name] = await resolver.reverse(address);
        if (name) names.set(address, name.toLowerCase());
        silent = 0;
      } catch (error) {
        const code = systemCode(error);
        silent = code === 'ETIMEOUT' || code === 'ECONNREFUSED' ? silent + 1 : 0;
      }
      return true;
    });
    signal.removeEventListener('abort', cancel);
    return names;
  };
}
