import { findProcess } from '../listeners/list-listeners.ts';
import type { Listener } from '../listeners/listener.ts';
import { userName } from '../listeners/user-name.ts';
import { assertPort } from './port-number.ts';
import { type Finding, reconcile } from './reconcile.ts';
import type { Registry } from './registry.ts';
import { type Reservation, type ReservationStatus, withoutOwner } from './reservation.ts';

/** A listener as lists show it. */
interface ShownListener {
  readonly transport: 'tcp' | 'udp';
  readonly address: string;
  /** The first process that holds it; null where the system hides it. */
  readonly pid: number | null;
  readonly process: string | null;
  readonly command: string | null;
  readonly uid: number | null;
  readonly user: string | null;
}

/** A port as it is now: its reservation, and the kernel's listeners. */
export interface PortState {
  readonly port: number;
  /** `in-use` also if somebody listens without a reservation (`unmanaged`). */
  readonly status: ReservationStatus;
  /** Reserved, but somebody else listens. */
  readonly foreign: boolean;
  /** Somebody listens, and nobody has reserved it. */
  readonly unmanaged: boolean;
  readonly reservation: Reservation | null;
  readonly listeners: readonly ShownListener[];
}

/** A look at ports: their states, and the reservations that it released. */
export interface Look {
  readonly states: readonly PortState[];
  readonly released: readonly number[];
}

/**
 * The state of every reserved port, or of some ports; updates the registry.
 *
 * @param which.ports these, whether reserved or not
 * @param which.unmanaged also every port that somebody listens on without a reservation
 * @throws AppError INVALID_PORT
 */
export async function lookAtPorts(
  registry: Registry,
  which: { ports?: readonly number[]; unmanaged?: boolean } = {},
): Promise<Look> {
  for (const port of which.ports ?? []) assertPort(port);
  const { findings, listeners, released } = await reconcile(registry, {
    ...(which.ports ? { ports: new Set(which.ports) } : {}),
    allListeners: which.unmanaged ?? false,
  });
  const byPort = new Map(findings.map((finding) => [finding.reservation.number, finding]));
  const listenersByPort = Map.groupBy(listeners, ({ port }) => port);
  const ports = new Set(which.ports ?? byPort.keys());
  if (which.unmanaged && !which.ports) for (const port of listenersByPort.keys()) ports.add(port);
  const states: PortState[] = [];
  for (const port of [...ports].sort((a, b) => a - b)) {
    states.push(await stateOf(port, listenersByPort.get(port) ?? [], byPort.get(port)));
  }
  return { states, released };
}

async function stateOf(
  port: number,
  listeners: readonly Listener[],
  finding: Finding | undefined,
): Promise<PortState> {
  const isListening = listeners.length > 0;
  const withoutReservation = isListening ? 'in-use' : 'free';
  return {
    port,
    status: finding?.reservation.status ?? withoutReservation,
    foreign: finding !== undefined && isListening && finding.own === undefined,
    unmanaged: finding === undefined && isListening,
    reservation: finding ? withoutOwner(finding.reservation) : null,
    listeners: await Promise.all(listeners.map(showListener)),
  };
}

/** A listener with its first process's name and its user's. */
async function showListener(listener: Listener): Promise<ShownListener> {
  const [pid] = listener.pids;
  const found = pid === undefined ? undefined : await findProcess(pid);
  const uid = listener.uid ?? found?.uid;
  return {
    transport: listener.transport,
    address: listener.address,
    pid: pid ?? null,
    process: found?.name ?? null,
    command: found?.command ?? null,
    uid: uid ?? null,
    user: userName(uid) ?? null,
  };
}
