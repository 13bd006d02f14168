import { Resolver } from 'node:dns/promises';

/** Silent servers in a row after which no more names are asked for. */
const patience = 3;
const atOnce = 16;

/** Finds the names of addresses. */
export type ReverseLookup = (
  addresses: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

/**
 * Reverse DNS through the system's servers, some at a time. A network without a DNS server must
 * not hold a scan up: each question waits 1.5 s, and after three unanswered ones in a row no more
 * are asked.
 */
export function reverseLookup(): ReverseLookup {
  const resolver = new Resolver({ timeout: 1500, tries: 1 });
  const cancel = (): void => resolver.cancel();
  let silent = 0;
  return async (addresses, signal) => {
    const names = new Map<string, string>();
    signal.addEventListener('abort', cancel, { once: true });
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < addresses.length && silent < patience && !signal.aborted) {
        const address = addresses[next++]!;
        try {
          const [name] = await resolver.reverse(address);
          if (name) names.set(address, name.toLowerCase());
          silent = 0;
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          silent = code === 'ETIMEOUT' || code === 'ECONNREFUSED' ? silent + 1 : 0;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, addresses.length) }, worker));
    signal.removeEventListener('abort', cancel);
    return names;
  };
}
