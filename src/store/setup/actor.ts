import { hostname } from 'node:os';
import { currentUser } from '../../core/current-user.ts';

/** The author of a change. */
export interface Actor {
  readonly kind: 'person' | 'key' | 'job';
  /** `user@machine`, the name of a key, or the worker of a job. */
  readonly name: string;
  /** The source of a request from another machine. */
  readonly address?: string;
}

/** The user of this process. */
export function currentActor(): Actor {
  return { kind: 'person', name: `${currentUser()}@${hostname()}` };
}

/** A scheduler, which acts on its own. */
export function schedulerActor(): Actor {
  return { kind: 'job', name: `scheduler@${hostname()}` };
}
