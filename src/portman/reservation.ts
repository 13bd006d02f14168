import type { SQLInputValue } from '../database/driver.ts';
import type { ProcessIdentity } from '../listeners/listener.ts';
import type { Registry } from './registry.ts';

/** The three stored states of a port. */
export const reservationStatuses = ['reserved', 'in-use', 'free'] as const;
export type ReservationStatus = (typeof reservationStatuses)[number];

/** A row of `ports`, as JSON shows it; times are ISO 8601 in UTC. */
export interface Reservation {
  readonly number: number;
  readonly projectName: string;
  readonly description: string | null;
  readonly status: ReservationStatus;
  /** The listener that was last seen to belong to it, while in use. */
  readonly pid: number | null;
  readonly processName: string | null;
  readonly reservedAt: string;
  readonly lastSeenAt: string | null;
  readonly updatedAt: string;
  /** Released as soon as its listener is gone. */
  readonly autoRelease: boolean;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A reservation with the process that holds it, where one was recorded. */
export interface OwnedReservation extends Reservation {
  readonly owner: ProcessIdentity | undefined;
}

/** The columns of `ports`, in the order of an export. */
export const portColumns = [
  'number',
  'projectName',
  'description',
  'status',
  'pid',
  'processName',
  'reservedAt',
  'lastSeenAt',
  'updatedAt',
  'autoRelease',
  'tags',
  'metadata',
] as const;

/**
 * The reservations that meet a condition, by port.
 *
 * @param condition SQL over `p` (ports) and `o` (port_owners)
 */
export function selectReservations(
  { db }: Registry,
  condition: string,
  ...values: SQLInputValue[]
): OwnedReservation[] {
  return db
    .prepare(
      `SELECT ${portColumns.map((column) => `p.${column}`).join(', ')},
         o.pid AS ownerPid, o.startTime AS ownerStart, o.bootId AS ownerBoot, o.uid AS ownerUid
       FROM ports p LEFT JOIN port_owners o ON o.port = p.number
       WHERE ${condition} ORDER BY p.number`,
    )
    .all<ReservationRow>(...values)
    .map(parseReservation);
}

/** The reservations of some ports, ascending. */
export function readReservations(registry: Registry, ports: readonly number[]): OwnedReservation[] {
  const list = JSON.stringify(ports);
  return selectReservations(registry, 'p.number IN (SELECT value FROM json_each(?))', list);
}

/** The ports that are reserved, and for which project. */
export function readHolders({ db }: Registry): Map<number, string> {
  const rows = db
    .prepare("SELECT number, projectName FROM ports WHERE status != 'free'")
    .all<{ number: number; projectName: string }>();
  return new Map(rows.map(({ number, projectName }) => [number, projectName]));
}

/**
 * Inside a transaction: removes a reservation.
 *
 * @param updatedAt only if it has not changed since then
 * @returns whether it was removed
 */
export function removeReservation(
  { db }: Registry,
  port: number,
  updatedAt: string | null = null,
): boolean {
  const { changes } = db
    .prepare('DELETE FROM ports WHERE number = ? AND updatedAt = coalesce(?, updatedAt)')
    .run(port, updatedAt);
  return changes === 1;
}

/**
 * Inside a transaction: the listener of a reservation is gone.
 *
 * @param updatedAt only if it has not changed since then
 */
export function fallBack({ db }: Registry, port: number, updatedAt: string | null = null): void {
  db.prepare(
    `UPDATE ports SET status = 'reserved', pid = NULL, processName = NULL
     WHERE number = ? AND updatedAt = coalesce(?, updatedAt)`,
  ).run(port, updatedAt);
}

interface ReservationRow extends Omit<Reservation, 'autoRelease' | 'metadata' | 'tags'> {
  readonly autoRelease: number | null;
  readonly tags: string | null;
  readonly metadata: string | null;
  readonly ownerPid: number | null;
  readonly ownerStart: string;
  readonly ownerBoot: string;
  readonly ownerUid: number | null;
}

function parseReservation(row: ReservationRow): OwnedReservation {
  const { ownerPid, ownerStart, ownerBoot, ownerUid, tags, metadata, autoRelease, ...rest } = row;
  return {
    ...rest,
    autoRelease: autoRelease === 1,
    tags: JSON.parse(tags ?? '[]'),
    metadata: JSON.parse(metadata ?? '{}'),
    owner:
      ownerPid === null
        ? undefined
        : { pid: ownerPid, startTime: ownerStart, bootId: ownerBoot, uid: ownerUid ?? undefined },
  };
}

/** A reservation without its owner, as lists and exports show it. */
export function withoutOwner({ owner, ...reservation }: OwnedReservation): Reservation {
  void owner;
  return reservation;
}
