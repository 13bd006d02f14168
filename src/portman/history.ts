import type { HistoryEntry } from './parse-document.ts';
import type { Registry } from './registry.ts';

/** The history of one port or of all, latest first. */
export function readHistory(
  { db }: Registry,
  { port, limit = 100 }: { port?: number | undefined; limit?: number | undefined } = {},
): HistoryEntry[] {
  return db
    .prepare(
      `SELECT id, port, action, projectName, description, performedBy, performedAt, details
       FROM port_history WHERE :port IS NULL OR port = :port ORDER BY id DESC LIMIT :limit`,
    )
    .all<HistoryEntry>({ port: port ?? null, limit });
}

/** A project with its ports. */
export interface Project {
  readonly projectName: string;
  readonly ports: readonly number[];
  readonly portCount: number;
  readonly activeCount: number;
}

/** The projects that have reservations, by name (`v_project_ports`). */
export function readProjects({ db }: Registry): Project[] {
  const rows = db
    .prepare(
      'SELECT projectName, ports, port_count, active_count FROM v_project_ports ORDER BY projectName',
    )
    .all<{ projectName: string; ports: string; port_count: number; active_count: number }>();
  return rows.map(({ projectName, ports, port_count: portCount, active_count: activeCount }) => ({
    projectName,
    ports: ports
      .split(',')
      .map(Number)
      .sort((a, b) => a - b),
    portCount,
    activeCount,
  }));
}
