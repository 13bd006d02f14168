import { hostname } from 'node:os';
import { currentUser } from '../../core/current-user.ts';

/** Who changes something. */
export interface Actor {
  readonly kind: 'person' | 'key' | 'job';
  /** `user@machine`, the name of a key, or the worker of a job. */
  readonly name: string;
  /** Where a request came from, if from another machine. */
  readonly address?: string;
}

/** The person who runs this process. */
export function currentActor(): Actor {
  return { kind: 'person', name: `${currentUser()}@${hostname()}` };
}

/** A scheduler, which nobody asks for what it does at its time. */
export function schedulerActor(): Actor {
  return { kind: 'job', name: `scheduler@${hostname()}` };
}
