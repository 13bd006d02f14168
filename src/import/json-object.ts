import { isAddress } from '../core/address.ts';
import { latestTime, longestText } from '../core/event-limits.ts';

/** A JSON object with unknown members. */
export type AnyObject = Readonly<Record<string, unknown>>;

/** Parses a JSON object; undefined for other text. */
export function parseObject(text: string): AnyObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A value if it is an object and not an array. */
export function asObject(value: unknown): AnyObject | undefined {
  return isObject(value) ? value : undefined;
}

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is AnyObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value if it is a non-empty string; numbers become strings. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, longestText) : undefined;
}

/** The strings of a list; a single string counts as a list. */
export function asTexts(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((each) => asText(each) ?? []);
}

/** A non-negative integer, given as a number or digits. */
export function asCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** A port number, given as a number or digits. */
export function asPort(value: unknown): number | undefined {
  const port = asCount(value);
  return port !== undefined && port <= 65_535 ? port : undefined;
}

/** A number from 0 to `most`, given as a number or text. */
export function asNumberTo(most: number, value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return number >= 0 && number <= most ? number : undefined;
}

/** The first of some values that is an IP address. */
export function firstAddress(values: readonly unknown[]): string | undefined {
  return values
    .map((value) => (typeof value === 'string' ? value.trim().replace(/^\[|\]$/g, '') : ''))
    .find(isAddress);
}

/** A URL of a web page. */
export function asWebUrl(value: unknown): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/** The port of a web page. */
export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** A value if it is one of some words, ignoring case. */
export function asWord<T extends string>(words: readonly T[], value: unknown): T | undefined {
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  return words.find((each) => each === word);
}

/** An ISO 8601 date and time, extended or basic, separated by T or a space, mostly with a zone. */
const isoTime =
  /^\s*(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,3})\d*)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?\s*$/i;

/**
 * A time as epoch ms: ISO 8601 text, or a number of seconds, ms, µs or ns since 1970 by its size
 * (as number or digits). Text without a zone is UTC, because the result must not depend on the
 * importing machine.
 */
export function asTime(value: unknown): number | undefined {
  // The fifth character tells digits from a date, and most lines have a date.
  if (typeof value === 'string' && (value[4] === '-' || !/^\s*\d+(\.\d+)?\s*$/.test(value))) {
    return asIsoTime(value);
  }
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !(number > 0)) return undefined;
  const unit = number < 1e11 ? 1000 : number < 1e14 ? 1 : number < 1e17 ? 1e-3 : 1e-6;
  const ms = Math.round(number * unit);
  return ms <= latestTime ? ms : undefined;
}

function asIsoTime(text: string): number | undefined {
  if (text.length > 40) return undefined;
  // The most common format, which Date.parse reads the same everywhere.
  const isUsual = text[10] === 'T' && text.endsWith('Z') && !text.includes(',');
  return isUsual && isDay(text) ? since1970(Date.parse(text)) : asOtherIsoTime(text);
}

/** Whether the month has the day, because Date.parse accepts 31 days in any month. */
function isDay(date: string): boolean {
  const day = Number(date.slice(8, 10));
  if (day <= 28) return true;
  return (
    day <= new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate()
  );
}

function asOtherIsoTime(text: string): number | undefined {
  const found = isoTime.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', ...rest] = found;
  const [fraction = '0', zone = 'Z'] = rest;
  const [, sign, hours = '00', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const date = `${year}-${month}-${day}`;
  const clock = `${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}`;
  const offset = sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
  return isDay(date) ? since1970(Date.parse(`${date}T${clock}${offset}`)) : undefined;
}

function since1970(ms: number): number | undefined {
  return ms >= 0 ? ms : undefined;
}

/** The members of a list that are objects. */
export function objectsOf(value: unknown): AnyObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
