import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { listListeners } from '../listeners/list-listeners.ts';
import { readProjectFolders } from './belonging.ts';
import { choosePorts, leftOut } from './free-ports.ts';
import { cloneName, type NamedPort, projectFileName, type ProjectPlan } from './project-file.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, removeReservation, selectReservations } from './reservation.ts';
import { claimPort, takenPorts } from './reserve.ts';
import { readSettings } from './settings.ts';

/** A named port with the number that it has in this worktree. */
interface AssignedPort extends NamedPort {
  readonly number: number;
  readonly isNew: boolean;
}

/** A project whose ports are all reserved. */
interface ProjectUp {
  readonly project: string;
  readonly directory: string;
  readonly ports: readonly AssignedPort[];
}

/**
 * Reserves every port that a project names, all or none. A worktree keeps its numbers; if the number in
 * the file is taken (by another worktree or a listener), a free one is chosen, unless it is fixed.
 *
 * @throws AppError PORT_RESERVED or PORT_IN_USE (a fixed port is taken), NOT_FOUND (none is free)
 */
export async function bringUp(registry: Registry, plan: ProjectPlan): Promise<ProjectUp> {
  const listeners = await listListeners({ withoutProcesses: true });
  return change(registry, { command: 'up', directory: plan.directory }, () => {
    const project = projectOf(registry, plan);
    const present = new Map(
      ownRows(registry, project).map(({ metadata, number }) => [metadata['name'], number]),
    );
    const taken = takenPorts(registry, listeners);
    const ports = plan.ports.map((named): AssignedPort => {
      const known = present.get(named.name);
      const number = known ?? chooseFor(registry, named, { plan, taken });
      const { name, description = name, tags, autoRelease, fixed } = named;
      const metadata = { name, directory: plan.directory };
      const claim = { project, metadata, description, tags, autoRelease };
      claimPort(registry, number, claim, fixed && known === undefined ? listeners : undefined);
      taken.add(number);
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
    for (const { number } of rows) removeReservation(registry, number);
    return rows.map(({ number }) => number);
  });
}

/** A second clone of a project gets a name of its own; the first one keeps the plain name. */
function projectOf(registry: Registry, { project, directory }: ProjectPlan): string {
  const isOthers = readProjectFolders(registry).some(
    (each) =>
      each.project === project &&
      each.folder !== directory &&
      existsSync(join(each.folder, projectFileName)),
  );
  return isOthers ? cloneName(project, directory) : project;
}

/** A project's rows that have a name: those that `up` made. */
function ownRows(registry: Registry, project: string): OwnedReservation[] {
  const condition = `p.projectName = ? AND p.status != 'free'
    AND json_extract(p.metadata, '$.name') IS NOT NULL`;
  return selectReservations(registry, condition, project);
}

function chooseFor(
  registry: Registry,
  { name, port, fixed }: NamedPort,
  { plan, taken }: { plan: ProjectPlan; taken: ReadonlySet<number> },
): number {
  // The claim reports a fixed port that is taken.
  if (port !== undefined && (fixed || !taken.has(port))) return port;
  const settings = readSettings(registry);
  const range = { start: settings['request.start'], end: settings['request.end'] };
  // Numbers that the file names for its other ports are not given to this one.
  const named = plan.ports.flatMap((each) => each.port ?? []);
  const isLeftOut = leftOut([...settings['request.avoid'], ...named]);
  const isTaken = (each: number): boolean => isLeftOut(each) || taken.has(each);
  const [chosen] = choosePorts({ count: 1, range, order: 'lowest', isTaken }) ?? [];
  if (chosen !== undefined) return chosen;
  throw new AppError(
    'NOT_FOUND',
    `no port is free for "${name}" between ${range.start} and ${range.end}`,
  );
}
