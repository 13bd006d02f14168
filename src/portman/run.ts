import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstRow } from '../database/rows.ts';
import { AppError } from '../errors.ts';
import { findProcess } from '../listeners/list-listeners.ts';
import type { Listener, ProcessIdentity } from '../listeners/listener.ts';
import { isSame, livenessOf } from './belonging.ts';
import { reconcile } from './reconcile.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, readReservations, removeReservation } from './reservation.ts';
import { passOn, reservePorts, setOwner } from './reserve.ts';
import { requestPorts } from './request.ts';

/** How long a server that outlives its wrapper may take to appear. */
const settleMs = 200;

/** The port of a program that is run. */
interface RunLease {
  readonly port: number;
  /** Reserved for this run, and released with it. */
  readonly isNew: boolean;
  readonly holder: ProcessIdentity;
}

/**
 * Reserves a port for a program that this process is about to start, held by this process.
 *
 * @param port by default one that the project has and does not use, or a free one
 * @throws AppError PORT_RESERVED, PORT_IN_USE, NOT_FOUND
 */
export async function leasePort(
  registry: Registry,
  project: string,
  port: number | undefined,
): Promise<RunLease> {
  const holder = await findProcess(process.pid);
  if (!holder) throw new AppError('UNSUPPORTED', 'portman cannot find its own process');
  const claim = { project, owner: holder };
  if (port !== undefined) {
    const [before] = readReservations(registry, [port]);
    const isNew = before === undefined || before.status === 'free';
    await reservePorts(registry, { ...claim, ports: [port], autoRelease: isNew || undefined });
    return { port, isNew, holder };
  }
  const own = await takeOwn(registry, project, holder);
  if (own !== undefined) return { port: own, isNew: false, holder };
  const { number } = firstRow(
    await requestPorts(registry, { ...claim, autoRelease: true, count: 1 }),
  );
  return { port: number, isNew: true, holder };
}

/** The project's lowest port that nobody runs on, taken over in one step. */
async function takeOwn(
  registry: Registry,
  project: string,
  holder: ProcessIdentity,
): Promise<number | undefined> {
  const { findings } = await reconcile(registry);
  for (const { reservation, listeners } of findings) {
    const { number, owner } = reservation;
    if (reservation.projectName !== project || listeners.length > 0) continue;
    if (owner && (await livenessOf(owner)) !== 'gone') continue;
    if (takeOver(registry, reservation, holder)) return number;
  }
  return undefined;
}

/** Returns false if another process has changed the reservation or its owner since it was read. */
function takeOver(
  registry: Registry,
  { number, owner, updatedAt }: OwnedReservation,
  holder: ProcessIdentity,
): boolean {
  return change(registry, { command: 'run' }, () => {
    const [now] = readReservations(registry, [number]);
    const isSameOwner = owner ? now?.owner && isSame(now.owner, owner) : !now?.owner;
    if (now?.updatedAt !== updatedAt || !isSameOwner) return false;
    setOwner(registry, number, holder);
    return true;
  });
}

/**
 * Ends a lease after its program: a port reserved for the run is released, one that the project had
 * before is kept. If the program left a server behind, the reservation passes to that server and ends
 * with it.
 *
 * @returns the listening socket of the server that was left behind
 */
export async function endLease(registry: Registry, lease: RunLease): Promise<Listener | undefined> {
  await sleep(settleMs);
  const { findings } = await reconcile(registry, { ports: new Set([lease.port]) });
  const own = findings[0]?.own;
  if (own) {
    const [pid] = own.pids;
    const server = pid === undefined ? undefined : await findProcess(pid);
    passOn(registry, [lease.port], { from: lease.holder, to: server });
  } else {
    releaseLease(registry, lease);
  }
  return own;
}

/** Releases at once, without listing listeners: also usable while the process exits. */
export function releaseLease(registry: Registry, { port, isNew, holder }: RunLease): void {
  if (!isNew) return passOn(registry, [port], { from: holder, to: undefined });
  change(registry, { command: 'run' }, () => {
    const [row] = readReservations(registry, [port]);
    if (row?.owner && isSame(row.owner, holder)) removeReservation(registry, port);
  });
}

/** The exit status of a program, as a shell gives it: 128 + n after signal n. */
export async function statusOf(child: ChildProcess): Promise<number> {
  const { constants } = await import('node:os');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
