import { hostname, userInfo } from 'node:os';

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
  return { kind: 'person', name: `${userName()}@${hostname()}` };
}

/** A scheduler, which nobody asks for what it does at its time. */
export function schedulerActor(): Actor {
  return { kind: 'job', name: `scheduler@${hostname()}` };
}

/** A user without an entry in the system's list has a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
