import { isIPv4 } from 'node:net';
import { latestTime, longestText } from '../core/event-limits.ts';
import type { ScanPort, Service } from '../core/events.ts';
import { serviceDetails } from '../core/service-details.ts';
import { portStates, reasons, transports } from '../core/states.ts';

const known = {
  transports: new Set<unknown>(transports),
  states: new Set<unknown>(portStates),
  reasons: new Set<unknown>(reasons),
};

/**
 * The event of a parsed line that is a well-formed `scan.port` of an IPv4 address, six times as
 * fast as its zod schema. Undefined for everything else, right or wrong: the schema decides then.
 * A test holds the two to the same answers.
 */
export function toScanPort(line: Readonly<Record<string, unknown>>): ScanPort | undefined {
  const { type, run_id, addr, transport, port, state, reason, service, t_first, t_last } = line;
  if (type !== 'scan.port') return undefined;
  if (typeof run_id !== 'string' || run_id === '' || run_id.length > 200) return undefined;
  if (typeof addr !== 'string' || !isIPv4(addr)) return undefined;
  if (!known.transports.has(transport) || !known.states.has(state)) return undefined;
  if (reason !== undefined && !known.reasons.has(reason)) return undefined;
  if (!isWhole(port, 65_535) || !isWhole(t_first, latestTime) || !isWhole(t_last, latestTime)) {
    return undefined;
  }
  if (service !== undefined && !isService(service)) return undefined;
  return line as unknown as ScanPort;
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

const serviceTexts = new Set<string>(['name', ...serviceDetails]);

function isService(value: unknown): value is Service {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (!('name' in value)) return false;
  for (const [field, member] of Object.entries(value)) {
    if (field === 'confidence') {
      if (typeof member !== 'number' || !(member >= 0 && member <= 1)) return false;
    } else if (field === 'method') {
      if (typeof member !== 'string' || member.length > 40) return false;
    } else if (!serviceTexts.has(field)) {
      return false;
    } else if (typeof member !== 'string' || member.length > longestText) {
      return false;
    }
  }
  return true;
}
