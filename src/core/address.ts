import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { AppError } from '../errors.ts';

/** An IPv4 or IPv6 address as a number, so that ranges are arithmetic. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** Bits of an address of each family. */
export const addressBits = { 4: 32, 6: 128 } as const;

/**
 * Parses an address strictly: four decimal octets without leading zeros (`010.0.0.1` is an error,
 * not 8.0.0.1), or RFC 4291 text. An IPv4-mapped IPv6 address becomes the IPv4 address it names.
 *
 * @throws AppError INVALID_TARGET
 */
export function parseAddress(text: string): Address {
  const address = tryParseAddress(text);
  if (address) return address;
  const hint = /^0\d|\.0\d/.test(text)
    ? ' (a leading zero is rejected because some programs read the octet as octal)'
    : text.includes('%')
      ? ' (zones such as %eth0 are not supported)'
      : '';
  throw new AppError('INVALID_TARGET', `"${text}" is not an IP address${hint}`);
}

/** Like {@link parseAddress}, but undefined for invalid text. */
export function tryParseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: BigInt(ipv4ToNumber(text)) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const value = ipv6ToBigInt(text);
  return value >> 32n === 0xffffn
    ? { family: 4, value: value & 0xffffffffn }
    : { family: 6, value };
}

/** Whether {@link parseAddress} accepts a text. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'));
}

/** The canonical text of an address (RFC 5952 for IPv6). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return numberToIpv4(Number(value));
  const hex = value.toString(16).padStart(32, '0');
  const groups = hex.replace(/.{4}(?=.)/g, '$&:');
  return new SocketAddress({ address: groups, family: 'ipv6' }).address;
}

/** The canonical text of an address in any spelling. */
export function canonicalAddress(text: string): string {
  return isIPv4(text) ? text : formatAddress(parseAddress(text));
}

/**
 * Bytes that sort like addresses (memcmp; IPv4 before IPv6): a family byte, then 4 or 16 bytes.
 * SQLite sorts and range-searches addresses by them.
 */
export function addressKey({ family, value }: Address): Buffer {
  const hex = value.toString(16).padStart(addressBits[family] / 4, '0');
  return Buffer.from(`0${family}${hex}`, 'hex');
}

/** Negative, 0 or positive as `a` sorts before, with or after `b`; IPv4 before IPv6. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** Whether an address is in 127.0.0.0/8, or ::1. */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/** A valid dotted quad as an unsigned 32-bit number. */
function ipv4ToNumber(text: string): number {
  let value = 0;
  for (const octet of text.split('.')) value = value * 256 + Number(octet);
  return value;
}

/** An unsigned 32-bit number as a dotted quad. */
export function numberToIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function ipv6ToBigInt(text: string): bigint {
  const plain = text.replace(/[^:]*\.[^:]*$/, (quad) => {
    const value = ipv4ToNumber(quad);
    return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  let value = 0n;
  for (const group of [...left, ...zeros, ...right]) value = (value << 16n) | BigInt(`0x${group}`);
  return value;
}
