import { portStates, reasons, transports } from '../../core/states.ts';
import { latestTime } from '../../core/event-limits.ts';
import { maxLineBytes } from '../../import/lines.ts';
import { literal } from './duckdb.ts';
import { queryOf, type TableQueries } from './relations.ts';

/**
 * V1's ports. A line that is not JSON, or has a field that cannot be converted, fails the query.
 *
 * @param scans ids by `run_id`; undefined if `run_id` is the id, which saves a quarter of the
 *   time
 */
export function portsOfFile(file: string, scans?: ReadonlyMap<string, string>): string {
  const [id, join] = scans ? ['s.id', joinScans(scans)] : ['e.run_id', ''];
  return `
    SELECT concat(host_id, '/', transport, '/', port) AS port_id, * FROM (
    SELECT concat(${id}, '/', e.addr) AS host_id, e.transport, e.port, e.state, e.reason,
      e.service.name AS service_name, e.service.confidence AS confidence,
      e.t_first AS first_seen_ms, e.t_last AS last_seen_ms
    FROM read_json(${literal(file)}, format = 'newline_delimited',
      maximum_object_size = ${maxLineBytes}, columns = {
      type: 'VARCHAR', run_id: 'VARCHAR', addr: 'VARCHAR', transport: 'VARCHAR', port: 'INTEGER',
      state: 'VARCHAR', reason: 'VARCHAR', service: 'STRUCT(name VARCHAR, confidence DOUBLE)',
      t_first: 'BIGINT', t_last: 'BIGINT'}) e ${join}
    WHERE e.type = 'scan.port')`;
}

function joinScans(scans: ReadonlyMap<string, string>): string {
  const ids = [...scans].map(([runId, id]) => `(${literal(runId)}, ${literal(id)})`);
  return `LEFT JOIN (VALUES ${ids.join(', ')}) s (run_id, id) ON s.run_id = e.run_id`;
}

/** Writes the hosts of the ports. */
export function copyHosts(ports: string, to: string): string {
  return `COPY (
    SELECT host_id, split_part(host_id, '/', 1) AS run_id, split_part(host_id, '/', 2) AS address
    FROM (SELECT DISTINCT host_id FROM read_parquet(${literal(ports)}))) TO ${literal(to)}
    (FORMAT parquet)`;
}

/**
 * Whether an importer would accept every port, and whether every port is unique. The checks use the
 * file's statistics or columns with few distinct values; ports are bits of words, which are far
 * fewer than the rows. (Shifting by a type other than the word's is six times as slow.) A hash
 * collision can only make unique ports look like duplicates.
 */
export function portCheck(ports: string): string {
  const file = `read_parquet(${literal(ports)})`;
  const areNumbersSound = [
    isWhole('port', 65_535),
    isWhole('first_seen_ms', latestTime),
    isWhole('last_seen_ms', latestTime),
    `coalesce(${isWithin('confidence', 1)}, true)`,
  ];
  const areWordsSound = [
    `transport IN (${words(transports)})`,
    `state IN (${words(portStates)})`,
    `coalesce(reason IN (${words(reasons)}), true)`,
  ];
  return `
    SELECT
      (SELECT count(*) = 0 OR (${areNumbersSound.join(' AND ')}) FROM ${file})
      AND NOT EXISTS (SELECT 1 FROM (SELECT DISTINCT transport, state, reason FROM ${file})
        WHERE NOT coalesce(${areWordsSound.join(' AND ')}, false)) AS are_sound,
      NOT EXISTS (SELECT 1 FROM (
        SELECT count(*) AS ports, bit_or(1::UBIGINT << (port & 63)::UBIGINT) AS bits FROM ${file}
        GROUP BY hash(host_id, transport, port >> 6)) WHERE ports <> bit_count(bits)) AS are_unique`;
}

function isWhole(column: string, last: number): string {
  return `count(${column}) = count(*) AND ${isWithin(column, last)}`;
}

function isWithin(column: string, last: number): string {
  return `min(${column}) >= 0 AND max(${column}) <= ${last}`;
}

function words(list: readonly string[]): string {
  return list.map(literal).join(', ');
}

/** Addresses other than canonical IPv4, and addresses without a scan. */
export function unsureHosts(hosts: string, scans: Iterable<string>): string {
  const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
  return `SELECT DISTINCT address, run_id IN (${words([...scans])}) AS is_known
    FROM read_parquet(${literal(hosts)})
    WHERE NOT (is_known AND regexp_full_match(address, '(${octet}[.]){3}${octet}'))`;
}

/** The tables of a store with all other lines, completed from the ports. */
export function withPorts(
  queries: TableQueries,
  { ports, hosts: portHosts }: { ports: string; hosts: string },
): TableQueries {
  const named = queryOf(queries, 'hosts');
  const hosts = `SELECT * FROM (${named}) UNION ALL
    SELECT host_id, run_id, address, NULL, NULL, NULL FROM read_parquet(${literal(portHosts)})
    WHERE host_id NOT IN (SELECT host_id FROM (${named}))`;
  const runs = `SELECT r.* REPLACE (coalesce(h.hosts, 0) AS host_count) FROM (${queryOf(queries, 'runs')}) r
    LEFT JOIN (SELECT run_id, count(*) AS hosts FROM (${hosts}) GROUP BY run_id) h USING (run_id)`;
  return new Map([
    ...queries,
    ['ports', `SELECT * FROM read_parquet(${literal(ports)})`],
    ['hosts', hosts],
    ['runs', runs],
  ]);
}
