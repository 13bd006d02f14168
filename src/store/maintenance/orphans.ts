/** A kind of row that refers to another row without a foreign key, so that row may be missing. */
export interface OrphanCheck {
  readonly table: string;
  readonly message: string;
  /** Counts them as `n`, in either dialect. */
  readonly query: string;
}

const withoutPort = (table: string): OrphanCheck => ({
  table,
  message: `rows about ports that are missing from the scan`,
  query: `SELECT count(*) AS n FROM ${table} x WHERE NOT EXISTS (
    SELECT 1 FROM port_scans p WHERE p.job_id = x.job_id AND p.host_id = x.host_id
      AND p.transport = x.transport AND p.port = x.port)`,
});

/**
 * Rows that are written in one transaction but have no foreign key between them, as facts do not
 * refer to facts. An import may add only one half, and retention may remove the other.
 */
export const orphanChecks: readonly OrphanCheck[] = [
  ...['services', 'banner_scans', 'tls_scans', 'http_scans'].map(withoutPort),
  {
    table: 'port_scans',
    message: 'ports of hosts that are missing from the scan',
    query: `SELECT count(*) AS n FROM port_scans x WHERE NOT EXISTS (
      SELECT 1 FROM host_scans h WHERE h.job_id = x.job_id AND h.host_id = x.host_id)`,
  },
  {
    table: 'http_scans',
    message: 'pages whose TLS handshake is missing',
    query: `SELECT count(*) AS n FROM http_scans x
      WHERE x.tls_server_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tls_scans s WHERE s.job_id = x.job_id AND s.host_id = x.host_id
          AND s.transport = x.transport AND s.port = x.port
          AND s.server_name = x.tls_server_name)`,
  },
  {
    table: 'tls_scans',
    message: 'handshakes whose certificate is missing',
    query: `SELECT count(*) AS n FROM tls_scans x WHERE x.certificate IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM certificates c WHERE c.sha256 = x.certificate)`,
  },
];

/** How to handle such rows. */
export const orphanRemedy =
  'lists still show them; import or scan again to complete them, or remove ' +
  'them with "portolan db prune --tables"';
