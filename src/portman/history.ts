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
      `SELECT projectName, ports, port_count AS portCount, active_count AS activeCount
       FROM v_project_ports ORDER BY projectName`,
    )
    .all<Omit<Project, 'ports'> & { ports: string }>();
  return rows.map(({ projectName, ports, ...counts }) => ({
    projectName,
    ports: ports
      .split(',')
      .map(Number)
      .toSorted((a, b) => a - b),
    ...counts,
  }));
}
