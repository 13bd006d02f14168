import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { listListeners } from '../listeners/list-listeners.ts';
import { choosePorts, leftOut, type PortRange } from './free-ports.ts';
import { cloneName, type NamedPort, projectFileName, type ProjectPlan } from './project-file.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, selectReservations } from './reservation.ts';
import { claimPort } from './reserve.ts';

/** A named port with the number that it has in this worktree. */
interface AssignedPort extends NamedPort {
  readonly number: number;
  readonly isNew: boolean;
}

/** A project whose ports are all reserved. */
export interface ProjectUp {
  readonly project: string;
  readonly directory: string;
  readonly ports: readonly AssignedPort[];
}

/**
 * Reserves every port that a project names, all or none. A worktree keeps its numbers; if the number in
 * the file is taken (by another worktree or a listener), a free one is chosen, unless it is fixed.
 *
 * @param options.range where free ports are chosen from
 * @throws AppError PORT_RESERVED or PORT_IN_USE (a fixed port is taken), NOT_FOUND (none is free)
 */
export async function bringUp(
  registry: Registry,
  plan: ProjectPlan,
  { range, avoid }: { range: PortRange; avoid: readonly number[] },
): Promise<ProjectUp> {
  const listeners = await listListeners({ withoutProcesses: true });
  const listening = new Set(listeners.map(({ port }) => port));
  return change(registry, { command: 'up', directory: plan.directory }, () => {
    const project = projectOf(registry, plan);
    const present = new Map(
      ownRows(registry, project).map(({ metadata, number }) => [metadata['name'], number]),
    );
    const ports = plan.ports.map((named): AssignedPort => {
      const known = present.get(named.name);
      const number = known ?? chooseFor(registry, { named, range, avoid, listening, plan });
      const metadata = { name: named.name, directory: plan.directory };
      const { description, tags, autoRelease } = named;
      const about = { description: description ?? named.name, tags, autoRelease };
      const isToBeFree = named.fixed && known === undefined;
      const claim = { project, metadata, ...about };
      claimPort(registry, number, claim, isToBeFree ? listeners : undefined);
      return { ...named, number, isNew: known === undefined };
    });
    return { project, directory: plan.directory, ports };
  });
}

/**
 * Releases every port of a project in this worktree.
 *
 * @returns the ports, ascending
 */
export function takeDown(registry: Registry, plan: ProjectPlan): number[] {
  return change(registry, { command: 'down', directory: plan.directory }, () => {
    const rows = ownRows(registry, projectOf(registry, plan));
    for (const { number } of rows) {
      registry.db.prepare('DELETE FROM ports WHERE number = ?').run(number);
    }
    return rows.map(({ number }) => number);
  });
}

/** A second clone of a project gets a name of its own; the first one keeps the plain name. */
function projectOf({ db }: Registry, { project, directory }: ProjectPlan): string {
  const rows = db
    .prepare(
      `SELECT DISTINCT json_extract(metadata, '$.directory') AS directory FROM ports
       WHERE projectName = ? AND json_extract(metadata, '$.directory') IS NOT NULL`,
    )
    .all<{ directory: string }>(project);
  const isOthers = rows.some(
    (row) => row.directory !== directory && existsSync(join(row.directory, projectFileName)),
  );
  return isOthers ? cloneName(project, directory) : project;
}

/** A project's rows that have a name: those that `up` made. */
function ownRows({ db }: Registry, project: string): OwnedReservation[] {
  const condition = `p.projectName = ? AND p.status != 'free'
    AND json_extract(p.metadata, '$.name') IS NOT NULL`;
  return selectReservations(db, condition, project);
}

function chooseFor(
  { db }: Registry,
  wish: {
    named: NamedPort;
    range: PortRange;
    avoid: readonly number[];
    listening: ReadonlySet<number>;
    plan: ProjectPlan;
  },
): number {
  const { named, range, avoid, listening, plan } = wish;
  const isReserved = (port: number): boolean =>
    db.prepare("SELECT 1 FROM ports WHERE number = ? AND status != 'free'").get(port) !== undefined;
  if (named.port !== undefined) {
    // The claim reports a fixed port that is taken.
    if (named.fixed || (!isReserved(named.port) && !listening.has(named.port))) return named.port;
  }
  // Numbers that the file names for its other ports are not given to this one.
  const isLeftOut = leftOut([...avoid, ...plan.ports.flatMap(({ port }) => port ?? [])]);
  const isTaken = (port: number): boolean =>
    isLeftOut(port) || listening.has(port) || isReserved(port);
  const [chosen] = choosePorts({ count: 1, range, order: 'lowest', isTaken }) ?? [];
  if (chosen !== undefined) return chosen;
  throw new AppError(
    'NOT_FOUND',
    `no port is free for "${named.name}" between ${range.start} and ${range.end}`,
  );
}
