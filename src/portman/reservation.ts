import type { DatabaseSync, SQLInputValue } from '../database/driver.ts';
import type { ProcessIdentity } from '../listeners/listener.ts';

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

const query = `
  SELECT p.number, p.projectName, p.description, p.status, p.pid, p.processName, p.reservedAt,
    p.lastSeenAt, p.updatedAt, p.autoRelease, p.tags, p.metadata,
    o.pid AS ownerPid, o.startTime AS ownerStart, o.bootId AS ownerBoot, o.uid AS ownerUid
  FROM ports p LEFT JOIN port_owners o ON o.port = p.number`;

/**
 * The reservations that meet a condition, by port.
 *
 * @param condition SQL over `p` (ports) and `o` (port_owners)
 */
export function selectReservations(
  db: DatabaseSync,
  condition: string,
  ...values: SQLInputValue[]
): OwnedReservation[] {
  return db
    .prepare(`${query} WHERE ${condition} ORDER BY p.number`)
    .all<ReservationRow>(...values)
    .map(parseReservation);
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
