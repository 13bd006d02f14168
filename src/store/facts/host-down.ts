/**
 * A host is down if the inventory has it, a completed unit covered it, and the scan has no row for
 * it because nothing answered. It counts as down from the unit's start, so newer observations win.
 * A host that is not in the inventory stays unknown, unless the user named it: then the scanner
 * sends an event that it is down.
 *
 * @param host the key of a host in the inventory that a completed unit covers
 * @param job the parameter of the scan's key
 */
export function isUnanswered(host: string, job: string): string {
  return `NOT EXISTS (SELECT 1 FROM host_scans a WHERE a.job_id = ${job} AND a.host_id = ${host})`;
}
