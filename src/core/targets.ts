import { AppError } from '../errors.ts';
import {
  type Address,
  addressBits,
  compareAddresses,
  formatAddress,
  parseAddress,
  tryParseAddress,
} from './address.ts';

/** A closed interval of addresses of one family. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** One word of a target list: addresses, or a name to be resolved. */
export type Target =
  | { readonly kind: 'range'; readonly text: string; readonly range: AddressRange }
  | { readonly kind: 'name'; readonly text: string };

const namePattern =
  /^(?=.{1,253}\.?$)(?!.*\.\d+\.?$)(?!\d+$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/**
 * Parses one target: an address (`10.0.0.1`, `2001:db8::1`, `[2001:db8::1]`), a network
 * (`10.0.0.0/24`, `2001:db8::/120`), a range (`10.0.0.1-50`, `10.0.0.1-10.0.3.255`) or a host name.
 *
 * @throws AppError INVALID_TARGET
 */
export function parseTarget(text: string): Target {
  refuseUrl(text);
  const word = text.replace(/^\[(.*)\](\/\d+)?$/, '$1$2');
  const single = tryParseAddress(word);
  if (single) return rangeTarget(text, single, single);
  if (word.includes('/')) return parseNetwork(text, word);
  const dash = word.indexOf('-');
  const first = dash > 0 ? tryParseAddress(word.slice(0, dash)) : undefined;
  if (first) return rangeTarget(text, first, parseRangeEnd(text, first, word.slice(dash + 1)));
  if (namePattern.test(word)) return { kind: 'name', text: word.replace(/\.$/, '').toLowerCase() };
  if (/^[\d.]+$/.test(word)) parseAddress(word); // says what is wrong with it
  throw new AppError(
    'INVALID_TARGET',
    `"${text}" is not a valid address, network, range or host name ` +
      '(examples: 10.0.0.1, 10.0.0.0/24, 10.0.0.1-50, 2001:db8::/120, www.example.com)',
  );
}

/** Users often paste a URL when they mean its host. */
function refuseUrl(text: string): void {
  const [, host, port] =
    /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:]*)(?::(\d+))?/i.exec(text) ?? [];
  if (host === undefined) return;
  const ports = port === undefined ? '' : ` -p ${port}`;
  throw new AppError(
    'INVALID_TARGET',
    `"${text}" is a URL: name its host${host === '' ? '' : `, ${host}${ports}`}`,
  );
}

/**
 * Splits the text of a target file or of stdin: targets separated by white space or commas, `#`
 * starts a comment.
 */
export function splitTargets(text: string): string[] {
  return text
    .replace(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

function rangeTarget(text: string, first: Address, last: Address): Target {
  return {
    kind: 'range',
    text,
    range: { family: first.family, first: first.value, last: last.value },
  };
}

function parseNetwork(text: string, word: string): Target {
  const slash = word.indexOf('/');
  const address = parseAddress(word.slice(0, slash));
  const prefix = word.slice(slash + 1);
  const bits = addressBits[address.family];
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    throw new AppError(
      'INVALID_TARGET',
      `"${text}": a prefix length of IPv${address.family} is 0 to ${bits}`,
    );
  }
  const size = 1n << BigInt(bits - Number(prefix));
  const first = address.value - (address.value % size);
  return rangeTarget(
    text,
    { family: address.family, value: first },
    { family: address.family, value: first + size - 1n },
  );
}

function parseRangeEnd(text: string, first: Address, end: string): Address {
  const octet = /^\d{1,3}$/.test(end) && first.family === 4;
  if (octet && end.length > 1 && end.startsWith('0')) {
    throw new AppError('INVALID_TARGET', `"${text}": "${end}" has a leading zero`);
  }
  const last: Address = octet
    ? { family: 4, value: first.value - (first.value % 256n) + BigInt(end) }
    : parseAddress(end);
  if (last.family !== first.family || (octet && Number(end) > 255)) {
    throw new AppError('INVALID_TARGET', `"${text}" is not a range of addresses of one family`);
  }
  if (compareAddresses(last, first) < 0) {
    throw new AppError('INVALID_TARGET', `"${text}" ends before it starts`);
  }
  return last;
}

/** The shortest text of a range: an address, a network if possible, or `first-last`. */
export function formatRange({ family, first, last }: AddressRange): string {
  const from = formatAddress({ family, value: first });
  if (first === last) return from;
  const size = last - first + 1n;
  const isNetwork = (size & (size - 1n)) === 0n && first % size === 0n;
  if (!isNetwork) return `${from}-${formatAddress({ family, value: last })}`;
  return `${from}/${addressBits[family] - (size.toString(2).length - 1)}`;
}
