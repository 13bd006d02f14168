import type { JobState } from '../../core/job-states.ts';
import type { JobEvent } from '../store.ts';

/** The event type for a change of a scan's row. */
export function eventType(from: JobState | null | undefined, to: JobState): JobEvent['type'] {
  if (from === null || from === undefined) return 'created';
  if (from === to) return 'progress';
  if (from === 'pending' && to === 'running') return 'started';
  if (to === 'completed') return 'finished';
  return to === 'failed' || to === 'crashed' ? 'failed' : 'changed';
}
