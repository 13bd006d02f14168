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

/** Every column of a reservation and of its owner; what {@link parseReservation} reads. */
export const reservationQuery = `
  SELECT p.number, p.projectName, p.description, p.status, p.pid, p.processName, p.reservedAt,
    p.lastSeenAt, p.updatedAt, p.autoRelease, p.tags, p.metadata,
    o.pid AS ownerPid, o.startTime AS ownerStart, o.bootId AS ownerBoot, o.uid AS ownerUid
  FROM ports p LEFT JOIN port_owners o ON o.port = p.number`;

type Row = Readonly<Record<string, unknown>>;

/** A row of {@link reservationQuery}. */
export function parseReservation(row: Row): OwnedReservation {
  return {
    number: row['number'] as number,
    projectName: row['projectName'] as string,
    description: row['description'] as string | null,
    status: row['status'] as ReservationStatus,
    pid: row['pid'] as number | null,
    processName: row['processName'] as string | null,
    reservedAt: row['reservedAt'] as string,
    lastSeenAt: row['lastSeenAt'] as string | null,
    updatedAt: row['updatedAt'] as string,
    autoRelease: row['autoRelease'] === 1,
    tags: JSON.parse((row['tags'] as string | null) ?? '[]') as string[],
    metadata: JSON.parse((row['metadata'] as string | null) ?? '{}') as Record<string, unknown>,
    owner: parseOwner(row),
  };
}

function parseOwner(row: Row): ProcessIdentity | undefined {
  if (row['ownerPid'] === null) return undefined;
  return {
    pid: row['ownerPid'] as number,
    startTime: row['ownerStart'] as string,
    bootId: row['ownerBoot'] as string,
    uid: (row['ownerUid'] as number | null) ?? undefined,
  };
}

/** A reservation without its owner, as lists and exports show it. */
export function withoutOwner({ owner, ...reservation }: OwnedReservation): Reservation {
  void owner;
  return reservation;
}
