import { AppError } from '../errors.ts';

/** States of a scan job. */
export const jobStates = [
  'pending',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'crashed',
] as const;
export type JobState = (typeof jobStates)[number];

/**
 * The transition table of scan jobs. `crashed` is a running job whose process vanished. Crashed,
 * cancelled and failed jobs go back to `pending` when they are resumed or retried. Completed jobs
 * are final.
 */
const transitions: Readonly<Record<JobState, readonly JobState[]>> = {
  pending: ['running', 'cancelled', 'failed'],
  running: ['paused', 'completed', 'failed', 'cancelled', 'crashed'],
  paused: ['running', 'cancelled', 'failed', 'crashed'],
  crashed: ['pending', 'failed', 'cancelled'],
  cancelled: ['pending'],
  failed: ['pending'],
  completed: [],
};

/** Whether a job may go from one state to another. */
export function canTransition(from: JobState, to: JobState): boolean {
  return transitions[from].includes(to);
}

/** The states from which `to` can be reached in one step, for `UPDATE … WHERE status IN (…)`. */
export function statesBefore(to: JobState): readonly JobState[] {
  return jobStates.filter((from) => canTransition(from, to));
}

/** Whether a scan has ended; unless it is completed, it may be restarted. */
export function isFinal(state: JobState): boolean {
  return !['pending', 'running', 'paused'].includes(state);
}

/**
 * Checks a transition.
 *
 * @throws AppError ILLEGAL_TRANSITION, naming both states
 */
export function assertTransition(from: JobState, to: JobState): void {
  if (canTransition(from, to)) return;
  const allowed = transitions[from].join(', ');
  const message =
    from === to
      ? `the scan is already ${to}`
      : `a ${from} scan cannot become ${to}` +
        (allowed === '' ? ': it is final' : ` (possible from here: ${allowed})`);
  throw new AppError('ILLEGAL_TRANSITION', message, { details: { from, to } });
}
