/** Types of the data set's columns, as DuckDB names them. */
export type ColumnType = 'VARCHAR' | 'INTEGER' | 'BIGINT' | 'DOUBLE';

/** The six tables of the V1 data set, and their columns in its order. Times are epoch ms, UTC. */
export const dataSetTables = {
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
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>;

/** A table of the V1 data set. */
export type DataSetTable = keyof typeof dataSetTables;

export const dataSetTableNames = Object.keys(dataSetTables) as readonly DataSetTable[];
