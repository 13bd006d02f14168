import { banners } from '../facts/banner.ts';
import { type Columns, optional, type Row, text } from '../facts/columns.ts';
import { handshakes } from '../facts/handshake.ts';
import { osMatches } from '../facts/os-match.ts';
import { pages } from '../facts/page.ts';
import { type Readable, readRows, rowBatches } from '../facts/read-rows.ts';
import { scannedHosts as hosts } from '../facts/scanned-host.ts';
import { scannedPorts } from '../facts/scanned-port.ts';
import { scripts } from '../facts/script.ts';
import { traceHops } from '../facts/trace-hop.ts';
import { jobKey } from '../filter.ts';
import { sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';

type RowOf<Table extends { readonly columns: object }> = Row<Table['columns']>;

/** A port as one scan saw it, with all its facts. */
export interface ScannedPort {
  readonly port: RowOf<typeof scannedPorts>;
  readonly banners: readonly RowOf<typeof banners>[];
  readonly pages: readonly RowOf<typeof pages>[];
  readonly handshakes: readonly RowOf<typeof handshakesWithPem>[];
  readonly scripts: readonly RowOf<typeof scripts>[];
}

/** A host as one scan saw it. */
export interface ScannedHost {
  readonly host: RowOf<typeof hosts>;
  readonly ports: readonly ScannedPort[];
  /** Results of scripts that ran against the host itself. */
  readonly scripts: readonly RowOf<typeof scripts>[];
  /** Best first. */
  readonly os_matches: readonly RowOf<typeof osMatches>[];
  /** By TTL. */
  readonly hops: readonly RowOf<typeof traceHops>[];
}

/** Handshakes with the server's certificate. */
const handshakesWithPem = {
  ...handshakes,
  columns: { ...handshakes.columns, pem: optional(text) },
  joined: {
    table: 'c',
    fields: ['pem'],
    join: sql`JOIN scan_jobs j ON j.id = f.job_id
      LEFT JOIN certificates c ON c.tenant_id = j.tenant_id AND c.sha256 = f.certificate`,
  },
};

/** Hosts per query for ports. */
const hostsAtATime = 100;

/** The hosts of a scan in turn, each with its ports. Memory holds one batch of hosts. */
export async function* scannedHosts(db: StoreDatabase, id: string): AsyncGenerator<ScannedHost> {
  for await (const some of rowBatches({ db, id }, hosts, { limit: hostsAtATime })) {
    yield* withPorts(db, id, some);
  }
}

async function* withPorts(
  db: StoreDatabase,
  id: string,
  some: readonly RowOf<typeof hosts>[],
): AsyncGenerator<ScannedHost> {
  const [first, last] = [some[0], some.at(-1)];
  const among = sql`f.job_id = ${jobKey(db, id)}
    AND f.host_id BETWEEN ${first?.host_id} AND ${last?.host_id}`;
  const rows = <C extends Columns>(fact: Readable<C>): Promise<Row<C>[]> =>
    readRows(db, fact, among);
  const portsOf = byHost(await rows(scannedPorts));
  const said = {
    banners: byPort(await rows(banners)),
    pages: byPort(await rows(pages)),
    handshakes: byPort(await rows(handshakesWithPem)),
    scripts: byPort(await rows(scripts)),
  };
  const matches = byHost(await rows(osMatches));
  const hops = byHost(await rows(traceHops));
  for (const host of some) {
    yield {
      host,
      ports: portsOf(host).map((port) => ({
        port,
        banners: said.banners(port),
        pages: said.pages(port),
        handshakes: said.handshakes(port),
        scripts: said.scripts(port),
      })),
      scripts: said.scripts({ ...host, transport: '', port: 0 }),
      os_matches: matches(host),
      hops: hops(host),
    };
  }
}

interface Place {
  readonly addr: string;
  readonly transport: string;
  readonly port: number;
}

function byHost<Found extends { addr: string }>(
  rows: readonly Found[],
): (host: { addr: string }) => readonly Found[] {
  const groups = Map.groupBy(rows, ({ addr }) => addr);
  return ({ addr }) => groups.get(addr) ?? [];
}

function byPort<Found extends Place>(rows: readonly Found[]): (port: Place) => readonly Found[] {
  const keyOf = ({ addr, transport, port }: Place): string => `${addr}/${transport}/${port}`;
  const groups = Map.groupBy(rows, keyOf);
  return (port) => groups.get(keyOf(port)) ?? [];
}
