/**
 * When a host is down: the inventory knows it, a completed unit has looked at it, and no row of the
 * scan speaks of it, since nothing has answered. It is down from the unit's start on, which undoes
 * nothing newer. A host that the inventory does not know stays unknown, unless the user named it:
 * then the scanner itself sends an event that says it is down.
 *
 * @param host the key of a host that the inventory knows and a completed unit covers
 * @param job the parameter of the scan's key
 */
export function isUnanswered(host: string, job: string): string {
  return `NOT EXISTS (SELECT 1 FROM host_scans a WHERE a.job_id = ${job} AND a.host_id = ${host})`;
}
