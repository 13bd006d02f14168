import type { RunningProcess } from '../listeners/listener.ts';
import { change, type Registry } from './registry.ts';
import { readReservations } from './reserve.ts';

/**
 * Records that a port's listeners were killed: the reservation falls back to reserved, or is released
 * if `autoRelease` is set.
 */
export function recordKilled(
  registry: Registry,
  port: number,
  { targets, signal }: { targets: readonly RunningProcess[]; signal: string | undefined },
): void {
  const { db } = registry;
  const processes = targets.map(({ pid, uid, name, command }) => ({ pid, uid, name, command }));
  change(registry, { command: 'kill', signal, processes }, () => {
    const [row] = readReservations(registry, [port]);
    db.prepare(
      `INSERT INTO port_history (port, action, projectName, description)
       VALUES (?, 'killed', ?, ?)`,
    ).run(port, row?.projectName ?? null, row?.description ?? null);
    if (row?.status !== 'in-use') return;
    db.prepare(
      row.autoRelease
        ? 'DELETE FROM ports WHERE number = ?'
        : `UPDATE ports SET status = 'reserved', pid = NULL, processName = NULL WHERE number = ?`,
    ).run(port);
  });
}
