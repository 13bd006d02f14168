import { AppError } from '../errors.ts';
import { assertPort, portError } from './port-number.ts';
import { reconcile } from './reconcile.ts';
import { change, type Registry } from './registry.ts';
import { readReservations, removeReservation } from './reservation.ts';

/** Which reservations to release. */
interface ReleaseRequest {
  readonly ports: readonly number[];
  /** Even if the project still listens. */
  readonly force?: boolean | undefined;
  /** Only reservations of this project: for programs that act for one project. */
  readonly project?: string | undefined;
}

/**
 * Releases reservations, all or none.
 *
 * @returns the ports, ascending
 * @throws AppError NOT_FOUND (no reservation), PORT_IN_USE (its project listens), PORT_RESERVED
 *   (another project's), INVALID_PORT
 */
export async function releasePorts(
  registry: Registry,
  { ports, force = false, project }: ReleaseRequest,
): Promise<number[]> {
  for (const port of ports) assertPort(port);
  const wanted = [...new Set(ports)].sort((a, b) => a - b);
  const { findings, released } = await reconcile(registry, { ports: new Set(wanted) });
  const inUse = findings.find(({ own }) => own !== undefined);
  if (inUse && !force) {
    const { number, projectName, pid, processName } = inUse.reservation;
    throw new AppError(
      'PORT_IN_USE',
      `"${projectName}" still listens on port ${number} (${processName ?? 'process'} ${pid ?? ''}): ` +
        `"portman kill ${number}" stops it, "portman release ${number} --force" only removes the reservation`,
      { details: { port: number, project: projectName, pid } },
    );
  }
  change(registry, { command: 'release', force }, () => {
    const rows = new Map(readReservations(registry, wanted).map((row) => [row.number, row]));
    for (const port of wanted) {
      const row = rows.get(port);
      if (!row && released.includes(port)) continue;
      if (!row || row.status === 'free') {
        throw portError('NOT_FOUND', port, 'is not reserved: "portman list" shows what is');
      }
      const { projectName } = row;
      if (project !== undefined && projectName !== project) {
        const text = `is reserved for "${projectName}", not for "${project}"`;
        throw portError('PORT_RESERVED', port, text, { project: projectName });
      }
      removeReservation(registry, port);
    }
  });
  return wanted;
}
