/** A kind of row that says something of another one, which it may lack: no key forbids it. */
export interface OrphanCheck {
  readonly table: string;
  readonly message: string;
  /** Counts them, as `n`, in either dialect. */
  readonly query: string;
}

const withoutPort = (table: string): OrphanCheck => ({
  table,
  message: `rows of ports that the scan has no row of`,
  query: `SELECT count(*) AS n FROM ${table} x WHERE NOT EXISTS (
    SELECT 1 FROM port_scans p WHERE p.job_id = x.job_id AND p.host_id = x.host_id
      AND p.transport = x.transport AND p.port = x.port)`,
});

/**
 * What one transaction writes together and no foreign key holds together (facts refer to no
 * facts). An import may bring such rows in, and retention may take the other half away.
 */
export const orphanChecks: readonly OrphanCheck[] = [
  ...['services', 'banner_scans', 'tls_scans', 'http_scans'].map(withoutPort),
  {
    table: 'port_scans',
    message: 'ports of hosts that the scan has no row of',
    query: `SELECT count(*) AS n FROM port_scans x WHERE NOT EXISTS (
      SELECT 1 FROM host_scans h WHERE h.job_id = x.job_id AND h.host_id = x.host_id)`,
  },
  {
    table: 'http_scans',
    message: 'pages that came through a handshake of which there is no row',
    query: `SELECT count(*) AS n FROM http_scans x
      WHERE x.tls_server_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tls_scans s WHERE s.job_id = x.job_id AND s.host_id = x.host_id
          AND s.transport = x.transport AND s.port = x.port
          AND s.server_name = x.tls_server_name)`,
  },
  {
    table: 'tls_scans',
    message: 'handshakes whose certificate is not kept',
    query: `SELECT count(*) AS n FROM tls_scans x WHERE x.certificate IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM certificates c WHERE c.sha256 = x.certificate)`,
  },
];

/** What to do about such rows. */
export const orphanRemedy =
  'they are shown where they are asked for; import or scan again to complete them, or remove ' +
  'them with "portolan db prune --tables"';
