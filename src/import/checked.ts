import { isAddress } from '../core/address.ts';
import { type ScanEvent, scanEvent } from '../core/events.ts';

/** An event made of foreign fields, or what of them is out of bounds. */
export function checked(event: ScanEvent): ScanEvent | string {
  const { data, error } = scanEvent.safeParse(event);
  if (!error) return data;
  const [issue] = error.issues;
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 300);
}

/** Events made of foreign fields, or what of the first bad one is out of bounds. */
export function allChecked(events: readonly ScanEvent[]): readonly ScanEvent[] | string {
  const found: ScanEvent[] = [];
  for (const event of events) {
    const result = checked(event);
    if (typeof result === 'string') return result;
    found.push(result);
  }
  return found;
}

/** The first of some values that is an IP address. */
export function firstAddress(values: readonly unknown[]): string | undefined {
  return values
    .map((value) => (typeof value === 'string' ? value.trim().replace(/^\[|\]$/g, '') : ''))
    .find(isAddress);
}
