import { portStates, reasons, transports } from '../../core/states.ts';
import { maxLineBytes } from '../../import/lines.ts';
import { literal } from './duckdb.ts';
import type { QueryTable } from './tables.ts';

/** No line of JSON has it: a control character is escaped there. */
const unused = '\u001f';
/** How the line of a port begins as Portolan writes it; what begins otherwise may be a port too. */
const beginning = '{"type":"scan.port","run_id":"';

/** The lines of a file that are no ports as Portolan writes them, to a file. */
export function copyOtherLines(file: string, to: string): string {
  return `COPY (SELECT line FROM read_csv(${literal(file)}, columns = {line: 'VARCHAR'},
      auto_detect = false, header = false, quote = '', escape = '', delim = '${unused}',
      new_line = '\\n', max_line_size = ${2 * maxLineBytes})
    WHERE NOT starts_with(line, ${literal(beginning)})) TO ${literal(to)}
    (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '${unused}')`;
}

/**
 * V1's ports. A line that is no JSON, or has a field of another type, ends the query. Scans whose
 * `run_id` is their id need no look-up, which takes a quarter of the time.
 */
export function portsOfFile(file: string, scans: ReadonlyMap<string, string>): string {
  const hasOwnIds = [...scans].every(([runId, id]) => runId === id);
  const [id, join] = hasOwnIds ? ['e.run_id', ''] : ['s.id', joinScans(scans)];
  return `
    SELECT concat(${id}, '/', e.addr, '/', e.transport, '/', e.port) AS port_id,
      concat(${id}, '/', e.addr) AS host_id, e.transport, e.port, e.state, e.reason,
      e.service.name AS service_name, e.service.confidence AS confidence,
      e.t_first AS first_seen_ms, e.t_last AS last_seen_ms
    FROM read_json(${literal(file)}, format = 'newline_delimited',
      maximum_object_size = ${maxLineBytes}, columns = {
      type: 'VARCHAR', run_id: 'VARCHAR', addr: 'VARCHAR', transport: 'VARCHAR', port: 'INTEGER',
      state: 'VARCHAR', reason: 'VARCHAR', service: 'STRUCT(name VARCHAR, confidence DOUBLE)',
      t_first: 'BIGINT', t_last: 'BIGINT'}) e ${join}
    WHERE e.type = 'scan.port'`;
}

function joinScans(scans: ReadonlyMap<string, string>): string {
  const ids = [...scans].map(([runId, id]) => `(${literal(runId)}, ${literal(id)})`);
  return `LEFT JOIN (VALUES ${ids.join(', ')}) s (run_id, id) ON s.run_id = e.run_id`;
}

/** Writes the hosts that ports are of. */
export function copyHosts(ports: string, to: string): string {
  return `COPY (
    SELECT host_id, split_part(host_id, '/', 1) AS run_id, split_part(host_id, '/', 2) AS address
    FROM (SELECT DISTINCT host_id FROM read_parquet(${literal(ports)}))) TO ${literal(to)}
    (FORMAT parquet)`;
}

/** How many ports an importer would refuse, and how many different ones there are. */
export function portCheck(ports: string): string {
  const latest = 8_640_000_000_000_000;
  const isSound = [
    `transport IN (${words(transports)})`,
    `state IN (${words(portStates)})`,
    `coalesce(reason IN (${words(reasons)}), true)`,
    'port BETWEEN 0 AND 65535',
    `first_seen_ms BETWEEN 0 AND ${latest}`,
    `last_seen_ms BETWEEN 0 AND ${latest}`,
    'coalesce(confidence BETWEEN 0 AND 1, true)',
  ];
  return `
    SELECT count(*) FILTER (WHERE NOT coalesce(${isSound.join(' AND ')}, false)) AS odd,
      count(DISTINCT hash(host_id, transport, port)) AS keys
    FROM read_parquet(${literal(ports)})`;
}

function words(list: readonly string[]): string {
  return list.map(literal).join(', ');
}

/** Addresses that are no IPv4 ones in their usual spelling, and those of no scan. */
export function unsureHosts(hosts: string, scans: Iterable<string>): string {
  const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
  return `SELECT DISTINCT address, run_id IN (${words([...scans])}) AS is_known
    FROM read_parquet(${literal(hosts)})
    WHERE NOT (is_known AND regexp_full_match(address, '(${octet}[.]){3}${octet}'))`;
}

/** The tables of a store of all other lines, completed by what the ports tell. */
export function withPorts(
  queries: ReadonlyMap<QueryTable, string>,
  { ports, hosts: portHosts }: { ports: string; hosts: string },
): ReadonlyMap<QueryTable, string> {
  const named = queries.get('hosts')!;
  const hosts = `SELECT * FROM (${named}) UNION ALL
    SELECT host_id, run_id, address, NULL, NULL, NULL FROM read_parquet(${literal(portHosts)})
    WHERE host_id NOT IN (SELECT host_id FROM (${named}))`;
  const runs = `SELECT r.* REPLACE (coalesce(h.hosts, 0) AS host_count) FROM (${queries.get('runs')!}) r
    LEFT JOIN (SELECT run_id, count(*) AS hosts FROM (${hosts}) GROUP BY run_id) h USING (run_id)`;
  return new Map([
    ...queries,
    ['ports', `SELECT * FROM read_parquet(${literal(ports)})`],
    ['hosts', hosts],
    ['runs', runs],
  ]);
}
