import { type Look, lookAtPorts } from './port-state.ts';
import { change, type Registry } from './registry.ts';

/** Which listeners to look for. */
interface PortScan {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Only reserved ports. */
  readonly reserved?: boolean | undefined;
}

/**
 * The ports of this machine that have listeners, and who listens. The table `active_scans` keeps them: a
 * scan replaces what an earlier one saw on the same ports.
 */
export async function scanPorts(registry: Registry, scan: PortScan = {}): Promise<Look> {
  const { start = 1, end = 65_535, reserved = false } = scan;
  const look = await lookAtPorts(registry, { unmanaged: true });
  const states = look.states.filter(
    ({ port, listeners }) => port >= start && port <= end && listeners.length > 0,
  );
  const { db } = registry;
  change(registry, {}, () => {
    db.prepare('DELETE FROM active_scans WHERE port BETWEEN ? AND ?').run(start, end);
    const insert = db.prepare(
      `INSERT INTO active_scans (port, pid, processName, state, address, protocol)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    for (const { port, listeners } of states) {
      for (const { pid, process: name, address, transport } of listeners) {
        const state = transport === 'tcp' ? 'LISTEN' : null;
        insert.run(port, pid ?? 0, name, state, address, transport);
      }
    }
    db.exec(
      `UPDATE ports SET lastSeenAt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE status = 'in-use'`,
    );
  });
  const shown = reserved ? states.filter(({ reservation }) => reservation !== null) : states;
  return { states: shown, released: look.released };
}
