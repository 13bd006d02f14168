import { listListeners } from '../listeners/list-listeners.ts';
import { AppError } from '../errors.ts';
import {
  canBind,
  choosePorts,
  ephemeralRange,
  leftOut,
  type PortOrder,
  type PortRange,
} from './free-ports.ts';
import { assertPort } from './port-number.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, readReservations, removeReservation } from './reservation.ts';
import { assertProject, claimPort, type Claim, takenPorts } from './reserve.ts';
import { readSettings } from './settings.ts';

/** How often other ports are chosen after some could not be bound. */
const maxTries = 10;

/** How many ports are requested, from which range, and for whom. */
interface PortRequest extends Claim {
  readonly count: number;
  /** The range; that of the settings by default. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Neither these nor those of the settings, nor well-known ones. */
  readonly avoid?: readonly number[] | undefined;
  readonly order?: PortOrder | undefined;
  /**
   * Bind each port on every family before it is given out. By default only where the system may hide
   * other users' listeners: on Linux the kernel's table shows all.
   */
  readonly probe?: boolean | undefined;
}

/**
 * Reserves a number of free ports, all or none. They are chosen and inserted under one write lock, so
 * that two processes never get the same one. Ports with listeners, the kernel's ephemeral range and
 * well-known services are left out.
 *
 * @returns the reservations, ascending
 * @throws AppError NOT_FOUND (too few are free), USAGE, INVALID_PORT
 * @example await requestPorts(registry, { count: 2, project: 'shop' })
 */
export async function requestPorts(
  registry: Registry,
  request: PortRequest,
): Promise<OwnedReservation[]> {
  const settings = readSettings(registry);
  const { count, order = 'lowest', avoid = [], probe = process.platform !== 'linux' } = request;
  const { start = settings['request.start'], end = settings['request.end'] } = request;
  const range = { start, end };
  assertRequest(count, range);
  assertProject(request.project);
  const isLeftOut = leftOut([...settings['request.avoid'], ...avoid]);
  const unbindable = new Set<number>();
  for (let tries = 0; tries < maxTries; tries++) {
    const listeners = await listListeners({ withoutProcesses: true });
    const ports = change(registry, { command: 'request' }, () => {
      const taken = takenPorts(registry, listeners);
      const isTaken = (port: number): boolean =>
        isLeftOut(port) || taken.has(port) || unbindable.has(port);
      const chosen = choosePorts({ count, range, order, isTaken });
      if (!chosen) throw tooFew(count, range);
      for (const port of chosen) claimPort(registry, port, request);
      return chosen;
    });
    const refused = probe ? await unbindableOf(ports) : [];
    if (refused.length === 0) return readReservations(registry, ports);
    for (const port of refused) unbindable.add(port);
    change(registry, { command: 'request', unbindable: refused }, () => {
      for (const port of ports) removeReservation(registry, port);
    });
  }
  throw tooFew(count, range);
}

function assertRequest(count: number, { start, end }: PortRange): void {
  assertPort(start);
  assertPort(end);
  if (end < start) throw new AppError('USAGE', `the range ${start}-${end} ends before it begins`);
  if (Number.isInteger(count) && count >= 1 && count <= 10_000) return;
  throw new AppError('USAGE', `${count} is not a valid number of ports: ask for 1 to 10000`);
}

async function unbindableOf(ports: readonly number[]): Promise<number[]> {
  const refused: number[] = [];
  for (const port of ports) if (!(await canBind(port))) refused.push(port);
  return refused;
}

function tooFew(count: number, { start, end }: PortRange): AppError {
  const { start: from, end: to } = ephemeralRange();
  return new AppError(
    'NOT_FOUND',
    `there are not ${count} free ports as requested between ${start} and ${end} (the system's own ` +
      `${from}-${to} and well-known services are left out): widen --start and --end, or see ` +
      '"portman stale"',
    { details: { count, start, end } },
  );
}
