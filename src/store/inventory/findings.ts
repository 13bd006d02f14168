import { type Severity, severities } from '../../core/states.ts';
import type { Transport } from '../../core/states.ts';
import { jobKey, type ListFilter, whereHosts, wherePorts } from '../filter.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage, textKey } from '../keyset.ts';
import { and, join, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { textsFromJson } from '../tables.ts';

/** A finding of a check as last seen; time is epoch ms. */
export interface FindingRow {
  readonly severity: Severity;
  /** Null if the finding is about just a name. */
  readonly address: string | null;
  readonly hostname: string | null;
  readonly transport: Transport | null;
  readonly port: number | null;
  /** The program that ran the check. */
  readonly source: string;
  readonly rule: string;
  readonly matcher: string | null;
  readonly name: string;
  readonly matched_at: string;
  readonly description: string | null;
  readonly cve: readonly string[];
  readonly cwe: readonly string[];
  readonly cvss: number | null;
  readonly tags: readonly string[];
  readonly extracted: readonly string[];
  /** The UUID of the scan that found it. */
  readonly scan: string;
  readonly seen: number;
}

export type FindingFilter = Pick<ListFilter, 'hosts' | 'ports' | 'scan' | 'since'> & {
  /** This severity and above. */
  readonly severity?: Severity | undefined;
  /** A CVE id; case-insensitive. */
  readonly cve?: string | undefined;
};

type Lists = 'cve' | 'cwe' | 'tags' | 'extracted';
type Raw = Omit<FindingRow, Lists> & Record<Lists, unknown> & { rank: number; order_key: string };

const bySeverity = keyset<Raw>([
  numberKey(sql`listed.rank`, ({ rank: place }) => place),
  textKey(sql`listed.order_key`, (row) => row.order_key),
]);

/**
 * Findings, most severe first, each as last seen or, with `scan`, as one scan saw it. Findings
 * without a host are listed unless hosts are selected.
 */
export async function listFindings(
  db: StoreDatabase,
  filter: FindingFilter = {},
  page: PageRequest = {},
): Promise<Page<FindingRow>> {
  const { dialect } = db;
  const least = filter.severity === undefined ? 0 : severities.indexOf(filter.severity);
  const { rows, next } = await readPage(page, bySeverity, ({ after, order, count }) =>
    db.query(sql`
    SELECT listed.* FROM (
      SELECT f.severity, hosts.address, hosts.hostname, f.transport, f.port, f.source, f.rule,
        f.matcher, f.name, f.matched_at, f.description, f.cve, f.cwe, f.cvss, f.tags, f.extracted,
        ${identifier(`j.${dialect.uuidColumn}`)} AS scan, f.t AS seen, ${rank()} AS rank,
        coalesce(${dialect.addressText('hosts.address')}, '') || ' ' || f.rule || ' ' || f.matched_at || ' '
          || coalesce(f.matcher, '') || ' ' || CAST(${identifier(`j.${dialect.uuidColumn}`)} AS TEXT)
          AS order_key
      FROM ${filter.scan === undefined ? newest : sql`findings`} f
      JOIN scan_jobs j ON j.id = f.job_id
      LEFT JOIN hosts ON hosts.id = f.host_id
      WHERE ${and([
        filter.hosts ? whereHosts(db, filter.hosts) : whereTenant(db),
        filter.scan !== undefined && sql`f.job_id = ${jobKey(db, filter.scan)}`,
        filter.ports && wherePorts('f', filter.ports),
        filter.since !== undefined && sql`f.t >= ${dialect.time(filter.since)}`,
        least > 0 && sql`f.severity IN (${join(severities.slice(least))})`,
        filter.cve !== undefined &&
          sql`CAST(f.cve AS TEXT) LIKE ${`%"${filter.cve.toUpperCase()}"%`}`,
      ])}
    ) listed
    WHERE ${and([after])}
    ${order} LIMIT ${count}`),
  );
  return { rows: rows.map(toRow), next };
}

/** Ranks the most severe first. */
function rank() {
  const whens = severities.map((word, i) => sql`WHEN ${word} THEN ${severities.length - i}`);
  return sql`CAST(CASE f.severity ${join(whens, sql` `)} END AS INTEGER)`;
}

/** Filters by the job's tenant, because a finding may have no host. */
function whereTenant(db: StoreDatabase) {
  return sql`(f.host_id IS NULL OR ${whereHosts(db, undefined)})`;
}

/** The newest observation of each. */
const newest = sql`(SELECT * FROM (
  SELECT findings.*, row_number() OVER (
    PARTITION BY digest ORDER BY t DESC, job_id DESC
  ) AS age FROM findings
) numbered WHERE age = 1)`;

function toRow({ rank: _rank, order_key: _key, ...row }: Raw): FindingRow {
  return {
    ...row,
    cve: textsFromJson(row.cve),
    cwe: textsFromJson(row.cwe),
    tags: textsFromJson(row.tags),
    extracted: textsFromJson(row.extracted),
  };
}
