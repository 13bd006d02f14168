import { recordOf } from '../../core/record-of.ts';
import { softwareDetails } from '../../core/service-details.ts';

/** Types of the data set's columns, by their DuckDB names. */
export type ColumnType = 'VARCHAR' | 'INTEGER' | 'BIGINT' | 'DOUBLE';

/** The six tables of the V1 data set, and their columns in its order. Times are epoch ms, UTC. */
const dataSetTables = {
  runs: {
    run_id: 'VARCHAR',
    started_at: 'BIGINT',
    finished_at: 'BIGINT',
    tool_version: 'VARCHAR',
    args_json: 'VARCHAR',
    git_sha: 'VARCHAR',
    host_count: 'BIGINT',
    error_count: 'BIGINT',
  },
  hosts: {
    host_id: 'VARCHAR',
    run_id: 'VARCHAR',
    address: 'VARCHAR',
    hostname: 'VARCHAR',
    asn: 'BIGINT',
    org: 'VARCHAR',
  },
  ports: {
    port_id: 'VARCHAR',
    host_id: 'VARCHAR',
    transport: 'VARCHAR',
    port: 'INTEGER',
    state: 'VARCHAR',
    reason: 'VARCHAR',
    service_name: 'VARCHAR',
    confidence: 'DOUBLE',
    first_seen_ms: 'BIGINT',
    last_seen_ms: 'BIGINT',
  },
  banners: {
    banner_id: 'VARCHAR',
    port_id: 'VARCHAR',
    protocol: 'VARCHAR',
    banner: 'VARCHAR',
    collected_ms: 'BIGINT',
  },
  http_endpoints: {
    http_id: 'VARCHAR',
    port_id: 'VARCHAR',
    scheme: 'VARCHAR',
    authority: 'VARCHAR',
    path: 'VARCHAR',
    status: 'INTEGER',
    h2: 'INTEGER',
    server_header: 'VARCHAR',
    content_type: 'VARCHAR',
    favicon_hash: 'VARCHAR',
    tech_tags_json: 'VARCHAR',
    tls_ja3: 'VARCHAR',
    tls_ja3s: 'VARCHAR',
    tls_chain_json: 'VARCHAR',
    collected_ms: 'BIGINT',
  },
  errors: {
    error_id: 'VARCHAR',
    run_id: 'VARCHAR',
    scope: 'VARCHAR',
    code: 'VARCHAR',
    message: 'VARCHAR',
    at_ms: 'BIGINT',
  },
} as const satisfies TableColumns;

/** Additional tables of `portolan query`: of scans, and of the current inventory. */
const queryTables = {
  services: {
    port_id: 'VARCHAR',
    ...recordOf(softwareDetails, () => 'VARCHAR' as const),
  },
  tls_handshakes: {
    port_id: 'VARCHAR',
    server_name: 'VARCHAR',
    version: 'VARCHAR',
    cipher: 'VARCHAR',
    alpn: 'VARCHAR',
    ja3: 'VARCHAR',
    ja3s: 'VARCHAR',
    certificate_sha256: 'VARCHAR',
    collected_ms: 'BIGINT',
  },
  certificates: {
    sha256: 'VARCHAR',
    subject: 'VARCHAR',
    issuer: 'VARCHAR',
    serial: 'VARCHAR',
    not_before_ms: 'BIGINT',
    not_after_ms: 'BIGINT',
    names_json: 'VARCHAR',
    key_type: 'VARCHAR',
    key_bits: 'INTEGER',
    is_self_signed: 'INTEGER',
    first_seen_ms: 'BIGINT',
    last_seen_ms: 'BIGINT',
    pem: 'VARCHAR',
  },
  inventory_hosts: {
    host_uuid: 'VARCHAR',
    address: 'VARCHAR',
    hostname: 'VARCHAR',
    status: 'VARCHAR',
    mac: 'VARCHAR',
    vendor: 'VARCHAR',
    os_family: 'VARCHAR',
    asn: 'BIGINT',
    org: 'VARCHAR',
    suspect: 'VARCHAR',
    first_seen_ms: 'BIGINT',
    last_seen_ms: 'BIGINT',
    checked_ms: 'BIGINT',
  },
  inventory_ports: {
    address: 'VARCHAR',
    hostname: 'VARCHAR',
    transport: 'VARCHAR',
    port: 'INTEGER',
    state: 'VARCHAR',
    reason: 'VARCHAR',
    service_name: 'VARCHAR',
    product: 'VARCHAR',
    version: 'VARCHAR',
    confidence: 'DOUBLE',
    method: 'VARCHAR',
    first_seen_ms: 'BIGINT',
    last_seen_ms: 'BIGINT',
    checked_ms: 'BIGINT',
    changed_ms: 'BIGINT',
    run_id: 'VARCHAR',
  },
} as const satisfies TableColumns;

type TableColumns = Readonly<Record<string, Readonly<Record<string, ColumnType>>>>;

/** A table of the V1 data set. */
export type DataSetTable = keyof typeof dataSetTables;

/** A table of `portolan query`. */
export type QueryTable = DataSetTable | keyof typeof queryTables;

/** The names of the data set's tables, in its order. */
export const dataSetTableNames: readonly DataSetTable[] = Object.keys(dataSetTables).filter(
  (name): name is DataSetTable => name in dataSetTables,
);

/** The names of all tables. */
export const queryTableNames: readonly QueryTable[] = [
  ...dataSetTableNames,
  ...Object.keys(queryTables).filter(
    (name): name is keyof typeof queryTables => name in queryTables,
  ),
];

/** Tables of the whole store, not of scans. */
export const storeWideTables: ReadonlySet<QueryTable> = new Set<QueryTable>([
  'certificates',
  'inventory_hosts',
  'inventory_ports',
]);

/** Every table with its columns. */
export const allTables: Readonly<Record<QueryTable, Readonly<Record<string, ColumnType>>>> = {
  ...dataSetTables,
  ...queryTables,
};
