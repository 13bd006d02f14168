import { isAddress } from '../core/address.ts';
import { type ScanEvent, scanEvent } from '../core/events.ts';
import { messageOf } from '../errors.ts';
import { isObject } from './json-object.ts';
import { isScanPort } from './port-line.ts';

/** A parsed line. */
export type EventLine =
  | { readonly kind: 'event'; readonly event: ScanEvent }
  /** An event of a type that this version does not know. */
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'bad'; readonly message: string };

const types = new Set<string>(scanEvent.options.map(({ shape }) => shape.type.value));

/** Reads a line of Portolan's JSON Lines. */
export function parseEventLine(text: string): EventLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    return { kind: 'bad', message: `not JSON: ${messageOf(error).slice(0, 200)}` };
  }
  if (!isObject(line)) return { kind: 'bad', message: 'not a JSON object' };
  if (isScanPort(line)) return { kind: 'event', event: line };
  const { type } = line;
  if (typeof type !== 'string') return { kind: 'bad', message: 'it has no "type"' };
  if (!types.has(type)) return { kind: 'unknown', type: type.slice(0, 100) };
  return parseEvent(line, type);
}

function parseEvent(line: object, type: string): EventLine {
  const { data: event, error } = scanEvent.safeParse(line);
  if (error) {
    const [issue] = error.issues;
    const field = issue?.path.join('.') || type;
    return { kind: 'bad', message: `${type}: ${field}: ${issue?.message ?? ''}`.slice(0, 300) };
  }
  if ('addr' in event && event.addr !== undefined && !isAddress(event.addr)) {
    return { kind: 'bad', message: `${type}: addr: "${event.addr}" is not an IP address` };
  }
  return { kind: 'event', event };
}
