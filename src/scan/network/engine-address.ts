import { addressKey, isLoopback, parseAddress } from '../../core/address.ts';

/** An address in the forms that engines need, made once for each host. */
export interface EngineAddress {
  readonly text: string;
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
  readonly isLoopback: boolean;
}

/** The engine's forms of an address. */
export function engineAddress(text: string): EngineAddress {
  const address = parseAddress(text);
  const bytes = addressKey(address).subarray(1);
  return { text, family: address.family, bytes, isLoopback: isLoopback(address) };
}
