import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { findProcess, listListeners } from '../listeners/list-listeners.ts';
import type { Listener, RunningProcess } from '../listeners/listener.ts';
import { isOtherUser, isSame, lineage } from './belonging.ts';
import { assertPort } from './port-number.ts';
import { change, type Registry } from './registry.ts';
import { fallBack, readReservations, removeReservation } from './reservation.ts';
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

type KillSignal = 'SIGTERM' | 'SIGKILL';

/** What happened to the processes that listened on a port. */
export interface KillOutcome {
  readonly port: number;
  readonly processes: readonly RunningProcess[];
  /** The strongest signal sent; undefined in a dry run, or if the processes ended on their own. */
  readonly signal: KillSignal | undefined;
}

/** A port with its listening TCP sockets and the processes that hold them. */
interface Hunt {
  readonly port: number;
  readonly sockets: readonly Listener[];
  readonly targets: readonly RunningProcess[];
}

/**
 * Stops the processes that hold a port's listening TCP sockets, never its clients. Each process is held,
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
  const hunt = { port, sockets, targets };
  const signal = await end(hunt, options);
  await assertFree(hunt);
  // Without a signal they ended on their own: nobody was killed.
  if (signal) recordKilled(registry, hunt, signal);
  return { port, processes: targets, signal };
}

async function end(
  hunt: Hunt,
  { graceMs = defaultGraceMs, signal: stop }: KillOptions,
): Promise<KillSignal | undefined> {
  let strongest: KillSignal | undefined;
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', killWaitMs],
  ] as const) {
    for (const target of hunt.targets) {
      stop?.throwIfAborted();
      if (await signalIfSame(hunt, target, signal)) strongest = signal;
    }
    const deadline = performance.now() + waitMs;
    do {
      const held = await tcpListeners(hunt.port, { withoutProcesses: true });
      if (!held.some((socket) => isOneOf(hunt.sockets, socket))) return strongest;
      await sleep(pollMs, undefined, stop ? { signal: stop } : {});
    } while (performance.now() < deadline);
  }
  return strongest;
}

/** Holds the process before checking it, so that the checked process is the one signalled. */
async function signalIfSame(
  { port, sockets }: Hunt,
  target: RunningProcess,
  signal: KillSignal,
): Promise<boolean> {
  using handle = await openProcess(target.pid);
  if (!handle) return false;
  const now = await findProcess(target.pid);
  if (!now || !isSame(now, target)) return false;
  const held = await tcpListeners(port);
  const isHolder = held.some((socket) => socket.pids.includes(now.pid) && isOneOf(sockets, socket));
  return isHolder && handle.send(signal);
}

/** The reservation falls back to reserved, or is released if `autoRelease` is set. */
function recordKilled(registry: Registry, { port, targets }: Hunt, signal: KillSignal): void {
  const processes = targets.map(({ pid, uid, name, command }) => ({ pid, uid, name, command }));
  change(registry, { command: 'kill', signal, processes }, () => {
    const [row] = readReservations(registry, [port]);
    registry.db
      .prepare(
        `INSERT INTO port_history (port, action, projectName, description)
         VALUES (?, 'killed', ?, ?)`,
      )
      .run(port, row?.projectName ?? null, row?.description ?? null);
    if (row?.status !== 'in-use') return;
    if (row.autoRelease) removeReservation(registry, port);
    else fallBack(registry, port);
  });
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
    throw say('started this portman; --force kills it anyway');
  }
  if (isOtherUser(uid)) {
    throw say(`belongs to another user (uid ${uid}); --force kills it where the system permits`);
  }
}

async function tcpListeners(
  port: number,
  { withoutProcesses = false }: { withoutProcesses?: boolean } = {},
): Promise<Listener[]> {
  const listeners = await listListeners({ ports: new Set([port]), withoutProcesses });
  return listeners.filter(({ transport }) => transport === 'tcp');
}

/** Where the system does not number sockets, their addresses are compared. */
function isOneOf(sockets: readonly Listener[], { address, inode }: Listener): boolean {
  return sockets.some((each) =>
    each.inode === undefined || inode === undefined
      ? each.address === address
      : each.inode === inode,
  );
}

async function assertFree({ port, sockets }: Hunt): Promise<void> {
  const [still] = await tcpListeners(port);
  if (!still) return;
  const [pid] = still.pids;
  const who = pid === undefined ? `uid ${still.uid ?? '?'}` : `pid ${pid}`;
  const why = isOneOf(sockets, still)
    ? 'still holds it after SIGKILL'
    : 'has taken it again: something restarts it; stop that first';
  throw failure(port, `${who} ${why}`, { pid });
}

function failure(port: number, text: string, details: Record<string, unknown> = {}): AppError {
  return new AppError('PROCESS_KILL_ERROR', `port ${port}: ${text}`, {
    details: { port, ...details },
  });
}
