import type { Listener, ProcessIdentity } from '../listeners/listener.ts';
import { listListeners } from '../listeners/list-listeners.ts';
import { AppError } from '../errors.ts';
import { assertPort, portError } from './port-number.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, readHolders, readReservations } from './reservation.ts';

/** What a reservation says besides its port. */
export interface Claim {
  readonly project: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly autoRelease?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** The process that holds it; a reservation without one is kept until it grows old. */
  readonly owner?: ProcessIdentity | undefined;
  /** Holds a new reservation until {@link passOn} gives it to the owner. */
  readonly heldBy?: ProcessIdentity | undefined;
}

/**
 * Reserves ports, all or none, in one transaction. A project may reserve its own port again: the new
 * details replace the old ones.
 *
 * @param request.adopt also takes ports on which something listens already
 * @throws AppError PORT_RESERVED (another project has one), PORT_IN_USE (somebody listens),
 *   INVALID_PORT, USAGE (no name)
 */
export async function reservePorts(
  registry: Registry,
  request: Claim & { ports: readonly number[]; adopt?: boolean },
): Promise<OwnedReservation[]> {
  const { ports, adopt = false } = request;
  for (const port of ports) assertPort(port);
  assertProject(request.project);
  const query = { ports: new Set(ports), withoutProcesses: true };
  const listeners = adopt ? [] : await listListeners(query);
  return change(registry, { command: 'reserve' }, () => {
    for (const port of ports) claimPort(registry, port, request, listeners);
    return readReservations(registry, ports);
  });
}

/**
 * Inside a transaction: claims one port that is free, or the project's own.
 *
 * @param listeners one of these on the port refuses a new claim
 */
export function claimPort(
  registry: Registry,
  port: number,
  claim: Claim,
  listeners: readonly Listener[] = [],
): void {
  const { db } = registry;
  db.prepare("DELETE FROM ports WHERE number = ? AND status = 'free'").run(port);
  const taken = db
    .prepare('SELECT projectName FROM ports WHERE number = ?')
    .get<{ projectName: string }>(port);
  if (taken && taken.projectName !== claim.project) throw reserved(port, taken.projectName);
  const listener = taken ? undefined : listeners.find((each) => each.port === port);
  if (listener) throw inUse(port, listener);
  const values = {
    port,
    project: claim.project,
    description: claim.description ?? null,
    autoRelease: claim.autoRelease === undefined ? null : Number(claim.autoRelease),
    tags: claim.tags ? JSON.stringify(claim.tags) : null,
    metadata: claim.metadata ? JSON.stringify(claim.metadata) : null,
  };
  db.prepare(claimSql).run(values);
  const owner = taken ? claim.owner : (claim.heldBy ?? claim.owner);
  if (owner) setOwner(registry, port, owner);
}

/** What a project does not say again about its own port stays. */
const claimSql = `
  INSERT INTO ports (number, projectName, description, status, autoRelease, tags, metadata)
  VALUES (:port, :project, :description, 'reserved', coalesce(:autoRelease, 0), :tags, :metadata)
  ON CONFLICT (number) DO UPDATE SET
    description = coalesce(:description, description),
    autoRelease = coalesce(:autoRelease, autoRelease),
    tags = coalesce(:tags, tags),
    metadata = coalesce(:metadata, metadata),
    reservedAt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`;

/** Inside a transaction: names the process that holds a reservation. */
export function setOwner({ db }: Registry, port: number, owner: ProcessIdentity): void {
  db.prepare(
    `INSERT INTO port_owners (port, pid, startTime, bootId, uid) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (port) DO UPDATE SET pid = excluded.pid, startTime = excluded.startTime,
       bootId = excluded.bootId, uid = excluded.uid, since = excluded.since`,
  ).run(port, owner.pid, owner.startTime, owner.bootId, owner.uid ?? null);
}

/**
 * Passes reservations from the process that held them to their owner, or to nobody (they are then
 * kept until they grow old). A command holds what it reserves until its answer is written: if it is
 * killed before, they belong to a process that is gone.
 */
export function passOn(
  registry: Registry,
  ports: readonly number[],
  { from, to }: { from: ProcessIdentity; to: ProcessIdentity | undefined },
): void {
  change(registry, {}, () => {
    for (const port of ports) {
      const { changes } = registry.db
        .prepare('DELETE FROM port_owners WHERE port = ? AND pid = ? AND startTime = ?')
        .run(port, from.pid, from.startTime);
      if (changes === 1 && to) setOwner(registry, port, to);
    }
  });
}

/** The ports that are reserved or have a listener. */
export function takenPorts(registry: Registry, listeners: readonly Listener[]): Set<number> {
  return new Set([...readHolders(registry).keys(), ...listeners.map(({ port }) => port)]);
}

/** @throws AppError USAGE */
export function assertProject(project: string): void {
  // A name is printed on terminals, which obey control characters, and in lines of scripts.
  if (project.trim() !== '' && project.length <= 200 && !/\p{Cc}/u.test(project)) return;
  throw new AppError(
    'USAGE',
    `${JSON.stringify(project)} is not a valid project name: give 1 to 200 characters without ` +
      'control characters',
  );
}

function reserved(port: number, project: string): AppError {
  const text =
    `is reserved for "${project}": choose another ("portman request 1 -n NAME"), or ` +
    `"portman release ${port}" first`;
  return portError('PORT_RESERVED', port, text, { project });
}

function inUse(port: number, { address, transport, uid }: Listener): AppError {
  const text =
    `is in use: somebody${uid === undefined ? '' : ` (uid ${uid})`} listens on ` +
    `${transport} ${address}; "portman check ${port}" shows who, --adopt reserves it anyway`;
  return portError('PORT_IN_USE', port, text, { address, transport, uid });
}
