import type { MergeSyntax } from './merge-syntax.ts';

/** Columns with details about a host, apart from its status. */
export const hostDetails = ['hostname', 'mac', 'vendor', 'os_family', 'asn', 'org'] as const;

/** The columns of `host_scans`, in order. */
export const hostScanColumns = [
  'state',
  'reason',
  ...hostDetails,
  'suspect',
  'not_shown',
  't',
] as const;

const isNewer = 'excluded.checked_at >= hosts.checked_at';

const newestKnown = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN coalesce(excluded.${column}, hosts.${column})
    ELSE coalesce(hosts.${column}, excluded.${column}) END`;

const ifNewer = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE hosts.${column} END`;

/**
 * Merges a batch's host into the inventory. The newest observation wins; fields that it lacks stay.
 * If the host's state is unknown, `checked_at` is `never`, so that any newer observation wins.
 *
 * @param key the columns that identify a host
 */
export function mergeHosts(key: string, { least, greatest, never }: MergeSyntax): string {
  const ifChecked = (column: string): string =>
    `${column} = CASE WHEN excluded.checked_at > ${never} AND ${isNewer} THEN excluded.${column}
      ELSE hosts.${column} END`;
  return `ON CONFLICT (${key}) DO UPDATE SET
    ${hostDetails.map(newestKnown).join(', ')},
    ${['status', 'suspect'].map(ifChecked).join(', ')},
    first_seen = ${least}(hosts.first_seen, excluded.first_seen),
    last_seen = ${greatest}(coalesce(hosts.last_seen, excluded.last_seen),
      coalesce(excluded.last_seen, hosts.last_seen)),
    checked_at = ${greatest}(hosts.checked_at, excluded.checked_at),
    ${ifNewer('last_job_id')}`;
}

/**
 * Merges a batch's host into its scan's row. An event about the host outweighs a state implied by
 * its ports (reason IS NULL). Missing fields stay unchanged.
 */
export const mergeHostScans = `ON CONFLICT (job_id, host_id) DO UPDATE SET
  ${['state', 'reason', 't'].map((column) => `${column} = excluded.${column}`).join(', ')},
  ${[...hostDetails, 'suspect', 'not_shown']
    .map((column) => `${column} = coalesce(excluded.${column}, host_scans.${column})`)
    .join(', ')}
  WHERE (excluded.reason IS NOT NULL
      AND (host_scans.reason IS NULL OR excluded.t >= host_scans.t))
    OR (host_scans.reason IS NULL AND excluded.reason IS NULL
      AND (excluded.state = 'up') >= (host_scans.state = 'up') AND excluded.t >= host_scans.t)`;
