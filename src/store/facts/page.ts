import { omitUndefined } from '../../core/omit-undefined.ts';
import type { WebEndpoint } from '../../core/events.ts';
import { sql } from '../sql.ts';
import {
  bigint,
  bit,
  integer,
  json,
  named,
  ofPort,
  optional,
  text,
  time,
  word,
} from './columns.ts';
import { type Fact, type StoredScan, scannedPort } from './fact.ts';
import { handshakeContents, pemsOf, tlsOf } from './handshake.ts';
import { rowBatches } from './read-rows.ts';

const columns = {
  ...ofPort,
  scheme: word<WebEndpoint['scheme']>(),
  authority: text,
  path: text,
  status: integer,
  h2: bit,
  /** The Server header. */
  server: named('server_header', optional(text)),
  content_type: optional(text),
  content_length: optional(bigint),
  title: optional(text),
  location: optional(text),
  favicon_hash: optional(integer),
  favicon_md5: optional(text),
  tech_tags: optional(json<string[]>()),
  /** The name requested in the page's TLS handshake, '' if none was; undefined for http. */
  tls_server_name: optional(text),
  t: time,
};

/** Web pages, by port and URL. */
export const pages: Fact<WebEndpoint, typeof columns> = {
  table: 'http_scans',
  owner: 'scan',
  columns,
  key: ['addr', 'transport', 'port', 'scheme', 'authority', 'path'],
  merge: 'newest',
  count: 'http_endpoints',
  references: [
    scannedPort,
    {
      message: 'pages whose TLS handshake is missing',
      isMissing: `x.tls_server_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tls_scans s WHERE s.job_id = x.job_id AND s.host_id = x.host_id
          AND s.transport = x.transport AND s.port = x.port
          AND s.server_name = x.tls_server_name)`,
    },
  ],
  events: ['web.endpoint'],
  rowsOf({ tls, server_header: server, favicon_hash: hash, content_type: type, ...event }) {
    return [
      {
        ...event,
        server: server ?? undefined,
        content_type: type ?? undefined,
        // Stored signed, however the source writes it.
        favicon_hash: typeof hash === 'number' ? hash | 0 : undefined,
        tls_server_name: tls && (tls.server_name ?? ''),
      },
    ];
  },
  eventsOf,
};

/** Pages with their handshakes. */
export const pagesWithHandshakes = {
  ...pages,
  columns: { ...columns, ...handshakeContents },
  joined: {
    table: 's',
    fields: Object.keys(handshakeContents),
    join: sql`LEFT JOIN tls_scans s ON s.job_id = f.job_id AND s.host_id = f.host_id
      AND s.transport = f.transport AND s.port = f.port AND s.server_name = f.tls_server_name`,
  },
};

async function* eventsOf(scan: StoredScan): AsyncGenerator<WebEndpoint> {
  for await (const rows of rowBatches(scan, pagesWithHandshakes)) {
    const pems = await pemsOf(scan, rows);
    for (const { server, tls_server_name: asked, ...row } of rows) {
      const { version: _v, cipher: _c, alpn: _a, ja3: _j, ja3s: _s, chain: _h, ...page } = row;
      const tls = asked === undefined ? undefined : tlsOf(asked, row, pems);
      const more = omitUndefined({ server_header: server, tls });
      yield { type: 'web.endpoint', run_id: scan.id, ...page, ...more };
    }
  }
}
