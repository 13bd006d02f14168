import { addressBits, ipv4ToNumber, parseAddress } from '../../core/address.ts';

/** An address in the forms that engines need, made once for each host. */
export interface EngineAddress {
  readonly text: string;
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
  /** In 127.0.0.0/8, or ::1. */
  readonly isLoopback: boolean;
}

/** The engine's forms of an address. */
export function engineAddress(text: string): EngineAddress {
  if (!text.includes(':')) {
    const value = ipv4ToNumber(text);
    const bytes = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
    return { text, family: 4, bytes, isLoopback: bytes[0] === 127 };
  }
  const { family, value } = parseAddress(text);
  const hex = value.toString(16).padStart(addressBits[family] / 4, '0');
  return { text, family, bytes: Buffer.from(hex, 'hex'), isLoopback: value === 1n };
}
