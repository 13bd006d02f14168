import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { findProcess, listListeners } from '../listeners/list-listeners.ts';
import type { Listener, RunningProcess } from '../listeners/listener.ts';
import { isSame, lineage } from './belonging.ts';
import { assertPort } from './port-number.ts';
import { recordKilled } from './record-killed.ts';
import type { Registry } from './registry.ts';
import { openProcess } from './signal-process.ts';

/** How long a process may take to end after SIGTERM. */
const defaultGraceMs = 5000;
/** How long the kernel may take to end it after SIGKILL. */
const killWaitMs = 5000;
const pollMs = 50;

/** How to kill listeners. */
export interface KillOptions {
  /** Also ancestors of this process and other users' processes. */
  readonly force?: boolean | undefined;
  /** Only report the targets. */
  readonly dryRun?: boolean | undefined;
  /** How long to wait between SIGTERM and SIGKILL. */
  readonly graceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called, and awaited, for each process before it is signalled. */
  readonly onTarget?: ((port: number, target: RunningProcess) => Promise<void> | void) | undefined;
}

/** What happened to the processes that listened on a port. */
export interface KillOutcome {
  readonly port: number;
  readonly processes: readonly RunningProcess[];
  /** The strongest signal sent; undefined in a dry run, or if the processes ended on their own. */
  readonly signal: 'SIGTERM' | 'SIGKILL' | undefined;
}

/**
 * Ends the processes that hold a port's listening TCP sockets, never its clients. Each process is held,
 * checked to be the one that was shown (by its start time) and to still hold the same socket, and only
 * then signalled: SIGTERM, after a grace time SIGKILL.
 *
 * @throws AppError PROCESS_KILL_ERROR: nobody listens, the owner is hidden or must not be killed,
 *   or the port is not free afterwards
 */
export async function killPort(
  registry: Registry,
  port: number,
  options: KillOptions = {},
): Promise<KillOutcome> {
  assertPort(port);
  const sockets = await tcpListeners(port);
  if (sockets.length === 0) {
    throw failure(port, 'nobody listens on it, so there is nothing to kill');
  }
  const targets = await targetsOf(port, sockets);
  for (const target of targets) await assertKillable(port, target, options.force ?? false);
  for (const target of targets) await options.onTarget?.(port, target);
  if (options.dryRun) return { port, processes: targets, signal: undefined };
  const signal = await end(port, { targets, sockets, options });
  await assertFree(port, sockets);
  // Without a signal they ended on their own: nobody was killed.
  if (signal) recordKilled(registry, port, { targets, signal });
  return { port, processes: targets, signal };
}

interface Hunt {
  readonly targets: readonly RunningProcess[];
  readonly sockets: readonly Listener[];
  readonly options: KillOptions;
}

async function end(port: number, hunt: Hunt): Promise<'SIGTERM' | 'SIGKILL' | undefined> {
  const { graceMs = defaultGraceMs, signal: stop } = hunt.options;
  let strongest: 'SIGTERM' | 'SIGKILL' | undefined;
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', killWaitMs],
  ] as const) {
    for (const target of hunt.targets) {
      stop?.throwIfAborted();
      if (await signalIfSame(port, { target, signal, sockets: hunt.sockets })) strongest = signal;
    }
    const deadline = performance.now() + waitMs;
    do {
      if (!(await anyHeld(port, hunt.sockets))) return strongest;
      await sleep(pollMs, undefined, stop ? { signal: stop } : {});
    } while (performance.now() < deadline);
  }
  return strongest;
}

/** Holds the process before checking it, so that the checked process is the one signalled. */
async function signalIfSame(
  port: number,
  shot: {
    target: RunningProcess;
    signal: 'SIGTERM' | 'SIGKILL';
    sockets: readonly Listener[];
  },
): Promise<boolean> {
  using handle = await openProcess(shot.target.pid);
  if (!handle) return false;
  const now = await findProcess(shot.target.pid);
  if (!now || !isSame(now, shot.target)) return false;
  const held = await tcpListeners(port);
  const isHolder = held.some(
    (socket) => socket.pids.includes(now.pid) && shot.sockets.some((each) => isOne(each, socket)),
  );
  return isHolder && handle.send(shot.signal);
}

/** Processes that hold the sockets, parents before their children. */
async function targetsOf(port: number, sockets: readonly Listener[]): Promise<RunningProcess[]> {
  const targets: RunningProcess[] = [];
  for (const pid of new Set(sockets.flatMap(({ pids }) => [...pids]))) {
    const found = await findProcess(pid);
    if (found) targets.push(found);
  }
  const hidden = sockets.find(({ pids }) => pids.length === 0);
  if (hidden && targets.length === 0) {
    const owner = hidden.uid === undefined ? 'another user' : `uid ${hidden.uid}`;
    throw failure(port, `it is held by a hidden process of ${owner}; run portman as that user`);
  }
  const pids = new Set(targets.map(({ pid }) => pid));
  return targets.sort((a, b) => Number(pids.has(a.parentPid)) - Number(pids.has(b.parentPid)));
}

async function assertKillable(port: number, target: RunningProcess, force: boolean): Promise<void> {
  const { pid, uid, name } = target;
  const say = (why: string): AppError =>
    failure(port, `${name} (pid ${pid}) ${why}`, { pid, uid, command: target.command });
  if (pid <= 1) throw say('is the first process of the system and is never killed');
  if (pid === process.pid) throw say('is portman itself and is never killed');
  if (force) return;
  const ancestors = await lineage(process.ppid);
  if (ancestors.some((each) => each.pid === pid)) {
    throw say('started this portman; --force kills it all the same');
  }
  const ownUid = process.getuid?.();
  if (uid !== undefined && ownUid !== undefined && uid !== ownUid) {
    throw say(`belongs to another user (uid ${uid}); --force kills it where the system permits`);
  }
}

async function tcpListeners(port: number): Promise<Listener[]> {
  const listeners = await listListeners({ ports: new Set([port]) });
  return listeners.filter(({ transport }) => transport === 'tcp');
}

async function anyHeld(port: number, sockets: readonly Listener[]): Promise<boolean> {
  const current = await listListeners({ ports: new Set([port]), withoutProcesses: true });
  return current.some(
    (socket) => socket.transport === 'tcp' && sockets.some((each) => isOne(each, socket)),
  );
}

/** Where the system does not number sockets, their addresses are compared. */
function isOne(a: Listener, b: Listener): boolean {
  return a.inode === undefined || b.inode === undefined
    ? a.address === b.address
    : a.inode === b.inode;
}

async function assertFree(port: number, before: readonly Listener[]): Promise<void> {
  const [still] = await tcpListeners(port);
  if (!still) return;
  const who = still.pids[0] === undefined ? `uid ${still.uid ?? '?'}` : `pid ${still.pids[0]}`;
  throw failure(
    port,
    before.some((each) => isOne(each, still))
      ? `${who} still holds it after SIGKILL`
      : `${who} has taken it again: something starts it anew; stop that first`,
    { pid: still.pids[0] },
  );
}

function failure(port: number, text: string, details: Record<string, unknown> = {}): AppError {
  return new AppError('PROCESS_KILL_ERROR', `port ${port}: ${text}`, {
    details: { port, ...details },
  });
}
