import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../../errors.ts';

/** A process that runs scans, so that another process can tell whether it is still there. */
export interface Worker {
  readonly id: string;
  /** The machine, and on Linux its boot and pid namespace: only there does the pid mean anything. */
  readonly host: string;
  readonly pid: number;
  /** The start time of the process in the system's format; '' if unknown. */
  readonly started: string;
}

/** This process. */
export function currentWorker(): Worker {
  const { pid } = process;
  const host = currentHost();
  return { id: `${hostname()}:${pid}`, host, pid, started: processStart(pid) ?? '' };
}

/** This process with a unique name for this use. */
export function uniqueWorker(): Worker {
  const worker = currentWorker();
  return { ...worker, id: `${worker.id}:${randomBytes(3).toString('hex')}` };
}

/**
 * Whether a worker's process is still there: the same pid with another start time is another
 * process. Undefined if this machine cannot tell.
 */
export function isAlive({ host, pid, started }: Omit<Worker, 'id'>): boolean | undefined {
  if (host !== currentHost()) return undefined;
  if (started === '') return isPidTaken(pid) ? undefined : false;
  return processStart(pid) === started;
}

function currentHost(): string {
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, namespace].filter((part) => part !== undefined).join(' ');
}

/** Field 22 of /proc/PID/stat, counted after the name, which may contain spaces and parentheses. */
function processStart(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, but its parent has not yet reaped it.
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

function isPidTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
