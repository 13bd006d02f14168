import { type AnyFact, type Reference, scannedPort } from '../facts/fact.ts';
import { facts as everyFact } from '../facts/facts.ts';

/** Rows whose reference is missing. */
export interface OrphanCheck {
  readonly table: string;
  readonly message: string;
  /** Counts them as `n`, in either dialect. */
  readonly query: string;
}

const scannedHost: Reference = {
  message: 'ports of hosts that are missing from the scan',
  isMissing: `NOT EXISTS (
    SELECT 1 FROM host_scans h WHERE h.job_id = x.job_id AND h.host_id = x.host_id)`,
};

/**
 * Rows that are written in one transaction but have no foreign key between them, as facts do not
 * refer to facts. An import may add only one half, and retention may remove the other.
 */
export function orphanChecks(facts: readonly AnyFact[] = everyFact): OrphanCheck[] {
  const tables: readonly Pick<AnyFact, 'references' | 'table'>[] = [
    { table: 'port_scans', references: [scannedHost] },
    { table: 'services', references: [scannedPort] },
    ...facts,
  ];
  return tables.flatMap(({ table, references = [] }) =>
    references.map(({ message, isMissing }) => {
      return { table, message, query: `SELECT count(*) AS n FROM ${table} x WHERE ${isMissing}` };
    }),
  );
}

/** How to handle such rows. */
export const orphanRemedy =
  'lists still show them; import or scan again to complete them, or remove ' +
  'them with "portolan db prune --tables"';
