import { readFileSync, readlinkSync } from 'node:fs';
import type { RunningProcess } from '../listener.ts';
import { isGoneOrHidden } from './gone.ts';

/**
 * A running process from `/proc/PID`; undefined where it is gone. A zombie is gone: it holds
 * nothing and cannot be signalled to any effect.
 */
export function readProcess(pid: number): RunningProcess | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat === undefined ? undefined : parseStat(stat);
  if (!fields || fields.state === 'Z' || fields.state === 'X') return undefined;
  const command = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
  const uid = /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return {
    pid,
    startTime: fields.startTime,
    bootId: bootId(),
    uid: uid === undefined ? undefined : Number(uid),
    parentPid: fields.parentPid,
    sessionId: fields.sessionId,
    name: shortName(fields.name, command),
    command: command || fields.name,
  };
}

/** The kernel cuts names at 15 bytes, and Node.js calls its own process after its main thread. */
function shortName(name: string, command: string | undefined): string {
  const program = command?.split(' ')[0]?.split('/').at(-1);
  if (!program) return name;
  return name === 'MainThread' || program.startsWith(name) ? program : name;
}

/**
 * The fields of `/proc/PID/stat` (proc_pid_stat(5)). The name may hold blanks and brackets, so
 * the fields are counted from the last `)`. Start time is field 22, in clock ticks since boot.
 */
export function parseStat(text: string):
  | {
      name: string;
      state: string;
      parentPid: number;
      sessionId: number;
      startTime: string;
    }
  | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  const [state, parentPid, , sessionId] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return undefined;
  return {
    name: text.slice(open + 1, close),
    state,
    parentPid: Number(parentPid),
    sessionId: Number(sessionId),
    startTime,
  };
}

/** The value of a variable in the environment that a process was started with. */
export function readStartVariable(pid: number, name: string): string | undefined {
  const prefix = `${name}=`;
  return read(`/proc/${pid}/environ`)
    ?.split('\0')
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}

/** The folder that a process works in; undefined where it is hidden. */
export function readWorkingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

/** The boot, and the pid namespace: in another container the same pid is another process. */
export function bootId(): string {
  knownBootId ??= `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${pidNamespace()}`;
  return knownBootId;
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGoneOrHidden(error)) return undefined;
    throw error;
  }
}
