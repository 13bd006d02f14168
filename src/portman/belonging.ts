import { findProcess } from '../listeners/list-listeners.ts';
import { bootId, readStartVariable, readWorkingFolder } from '../listeners/linux/processes.ts';
import type { Listener, ProcessIdentity, RunningProcess } from '../listeners/listener.ts';
import type { Registry } from './registry.ts';
import type { OwnedReservation } from './reservation.ts';

/** The variable that marks the children of `portman run`, even daemons. */
export const projectVariable = 'PORTMAN_PROJECT';

/** More ancestors than a real process has: a guard against a table that changes while being read. */
const maxAncestors = 64;

/** Whether a process is still the one that was recorded. */
type Liveness = 'alive' | 'gone' | 'unknown';

/**
 * Whether a recorded process still runs. `unknown` if none was recorded, or if its pid belongs to
 * another container's namespace, which is not visible from here.
 */
export async function livenessOf(identity: ProcessIdentity | undefined): Promise<Liveness> {
  if (!identity) return 'unknown';
  if (process.platform === 'linux') {
    const [boot, namespace] = identity.bootId.split('/');
    const [ownBoot, ownNamespace] = bootId().split('/');
    if (boot === ownBoot && namespace !== ownNamespace) return 'unknown';
  }
  const running = await findProcess(identity.pid);
  return running && isSame(running, identity) ? 'alive' : 'gone';
}

/** Whether two records are of one process: the same pid alone is not enough. */
export function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

/** Whether a user is known not to be this process's. */
export function isOtherUser(uid: number | undefined): boolean {
  const ownUid = process.getuid?.();
  return uid !== undefined && ownUid !== undefined && uid !== ownUid;
}

/** A process and those that started it, nearest first. */
export async function lineage(pid: number): Promise<RunningProcess[]> {
  const line: RunningProcess[] = [];
  for (let next = pid; next > 0 && line.length < maxAncestors;) {
    const found = await findProcess(next);
    if (!found) break;
    line.push(found);
    next = found.parentPid;
  }
  return line;
}

/** The folder of a project (`portman up`). */
export interface ProjectFolder {
  readonly project: string;
  readonly folder: string;
}

/** The folders of the projects that have one. */
export function readProjectFolders({ db }: Registry): ProjectFolder[] {
  return db
    .prepare(
      `SELECT DISTINCT projectName AS project, json_extract(metadata, '$.directory') AS folder
       FROM ports WHERE json_extract(metadata, '$.directory') IS NOT NULL`,
    )
    .all<ProjectFolder>();
}

/**
 * Whether a listener belongs to the reservation of its port. It does not if
 * - it is another user's socket,
 * - `portman run` started it for another project,
 * - the process that holds the reservation lives, and the listener does not descend from it,
 * - its working folder belongs to another project that has reservations.
 *
 * Otherwise it does: a reservation says which project may use a port, not which process.
 *
 * @param folders the folders of all projects that have one
 */
export async function belongs(
  { owner, projectName, metadata }: OwnedReservation,
  { uid, pids }: Listener,
  folders: readonly ProjectFolder[],
): Promise<boolean> {
  if (isOtherUser(uid)) return false;
  const [pid] = pids;
  if (pid === undefined) return true;
  const marked = readStartVariable(pid, projectVariable);
  if (marked !== undefined) return marked === projectName;
  if (owner && (await livenessOf(owner)) === 'alive') {
    const line = await lineage(pid);
    const session = line[0]?.sessionId;
    return line.some((each) => isSame(each, owner)) || session === owner.pid;
  }
  const folder = readWorkingFolder(pid);
  if (folder === undefined) return true;
  if (isInside(folder, metadata['directory'])) return true;
  return !folders.some((each) => each.project !== projectName && isInside(folder, each.folder));
}

function isInside(folder: string, root: unknown): boolean {
  return typeof root === 'string' && (folder === root || folder.startsWith(`${root}/`));
}
