import { type ScanEvent, scanEvent } from '../core/events.ts';
import { isScanPort } from './port-line.ts';

/** Events made from foreign fields, or the error in the first invalid one. */
export function checkEvents(events: readonly ScanEvent[]): readonly ScanEvent[] | string {
  const found: ScanEvent[] = [];
  for (const event of events) {
    if (isScanPort(event)) {
      found.push(event);
      continue;
    }
    const { data, error } = scanEvent.safeParse(event);
    if (error) {
      const [issue] = error.issues;
      return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 300);
    }
    found.push(data);
  }
  return found;
}
