import { serviceDetails } from '../../core/service-details.ts';
import type { MergeSyntax } from './merge-syntax.ts';

/** The columns of `port_scans`, in order. */
export const portScanColumns = ['state', 'reason', 'service', 'confidence', 'method'] as const;

const ifSeenLater = (column: string): string =>
  `${column} = CASE WHEN excluded.last_seen >= port_scans.last_seen THEN excluded.${column}
    ELSE port_scans.${column} END`;

/** Merges a batch's port into its scan's row. The newest observation wins. */
export function mergePortScans({ least, greatest }: MergeSyntax): string {
  return `ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    first_seen = ${least}(port_scans.first_seen, excluded.first_seen),
    last_seen = ${greatest}(port_scans.last_seen, excluded.last_seen),
    ${portScanColumns.map(ifSeenLater).join(', ')}`;
}

/** Merges a service's details into its scan's row. The newest ones replace all others. */
export const mergeServices = `ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
  ${[...serviceDetails, 'last_seen'].map((column) => `${column} = excluded.${column}`).join(', ')}
  WHERE excluded.last_seen >= services.last_seen`;

/** The columns of the inventory's ports. */
export const hostPortColumns = `host_id, transport, port, state, reason, service, product, version,
  confidence, method, first_seen, last_seen, checked_at, last_changed, last_job_id`;

/**
 * Selects a scan's port `p` as a row of `host_ports`.
 *
 * @param service alias of the table with the port's product and version
 * @param job the scan's key
 */
export function asHostPort(service: string, job: string): string {
  return `p.host_id, p.transport, p.port, p.state, p.reason, p.service, ${service}.product,
    ${service}.version, p.confidence, p.method, p.first_seen, p.last_seen, p.last_seen,
    p.first_seen, ${job}`;
}

const isNewer = 'excluded.checked_at >= host_ports.checked_at';

/**
 * Whether an observation says more about the service than the inventory knows, or as much and is
 * newer. A scan that did not probe the service, or guessed it from the port number, erases nothing.
 */
const isBetterKnown = `excluded.service IS NOT NULL AND (host_ports.service IS NULL
  OR CASE WHEN ${isNewer}
    THEN (excluded.method IS DISTINCT FROM 'port'
        OR host_ports.method IS NOT DISTINCT FROM 'port')
      AND (excluded.service <> host_ports.service OR excluded.product IS NOT NULL
        OR host_ports.product IS NULL)
    ELSE (excluded.method IS DISTINCT FROM 'port'
        AND host_ports.method IS NOT DISTINCT FROM 'port')
      OR (excluded.service = host_ports.service AND excluded.product IS NOT NULL
        AND host_ports.product IS NULL) END)`;

const isOpen = (state: string): string => `${state} IN ('open', 'open|filtered')`;

/** No change is known since the port was first seen. */
const isUnchanged = 'host_ports.last_changed = host_ports.first_seen';

/**
 * When a port was last seen open; scans may arrive in any order. Without a known change, a port
 * that is not open was never seen open.
 */
const lastOpen = ({ least, greatest }: MergeSyntax): string => `
  CASE WHEN NOT ${isOpen('excluded.state')}
    THEN CASE WHEN NOT ${isOpen('host_ports.state')} AND ${isUnchanged}
      THEN ${least}(host_ports.last_seen, excluded.last_seen) ELSE host_ports.last_seen END
    WHEN NOT ${isOpen('host_ports.state')} AND ${isUnchanged} THEN excluded.last_seen
    ELSE ${greatest}(host_ports.last_seen, excluded.last_seen) END`;

/**
 * When a port's state last changed; scans may arrive in any order. An older observation of the same
 * state marks its start if no change is known or if it came after the port was last open. An older
 * observation of another state, made since the last change, moves the change to the newest
 * observation.
 */
const lastChanged = ({ least }: MergeSyntax): string => `
  CASE WHEN ${isNewer}
    THEN CASE WHEN excluded.state <> host_ports.state THEN excluded.checked_at
      ELSE host_ports.last_changed END
    WHEN excluded.state = host_ports.state AND ${isUnchanged}
      THEN ${least}(host_ports.last_changed, excluded.first_seen)
    WHEN excluded.state = host_ports.state AND NOT ${isOpen('host_ports.state')}
        AND excluded.checked_at > host_ports.last_seen
      THEN ${least}(host_ports.last_changed, excluded.checked_at)
    WHEN excluded.state <> host_ports.state AND excluded.checked_at > host_ports.last_changed
      THEN host_ports.checked_at
    ELSE host_ports.last_changed END`;

const ifNewer = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE host_ports.${column} END`;
const ifBetterKnown = (column: string): string =>
  `${column} = CASE WHEN ${isBetterKnown} THEN excluded.${column} ELSE host_ports.${column} END`;

/** Merges a scan's port into the inventory. The newest observation wins; known details stay. */
export function mergeHostPorts(words: MergeSyntax): string {
  const known = ['service', 'product', 'version', 'confidence', 'method'];
  return `ON CONFLICT (host_id, transport, port) DO UPDATE SET
    first_seen = ${words.least}(host_ports.first_seen, excluded.first_seen),
    last_seen = ${lastOpen(words)},
    ${['state', 'reason', 'last_job_id'].map(ifNewer).join(', ')},
    ${known.map(ifBetterKnown).join(', ')},
    last_changed = ${lastChanged(words)},
    checked_at = ${words.greatest}(host_ports.checked_at, excluded.checked_at)`;
}
