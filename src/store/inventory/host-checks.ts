import type { Transport } from '../../core/states.ts';
import { identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson } from '../tables.ts';

/** A script's output about a port or the host as last seen; time is epoch ms. */
export interface ScriptRow {
  /** Both null if the script is about the host. */
  readonly transport: Transport | null;
  readonly port: number | null;
  readonly script: string;
  readonly output: string;
  readonly data: unknown;
  readonly seen: number;
}

/** An operating system guess. */
interface OsMatchRow {
  readonly name: string;
  /** 0 … 1. */
  readonly accuracy: number;
  readonly family: string | null;
  readonly vendor: string | null;
  readonly generation: string | null;
  readonly device_type: string | null;
  readonly cpe: string | null;
}

/** A traceroute hop. */
interface HopRow {
  readonly ttl: number;
  readonly address: string;
  readonly rtt_ms: number | null;
  readonly hostname: string | null;
}

/** Results of scripts, OS detection and traceroutes of a host. */
export interface HostChecks {
  /** By port; results about the host come first. */
  readonly scripts: readonly ScriptRow[];
  /** From the newest scan with guesses, best first. */
  readonly os_matches: readonly OsMatchRow[];
  /** From the newest scan with a traceroute. */
  readonly hops: readonly HopRow[];
}

/**
 * The latest results of scripts, OS detection and traceroutes of a host.
 *
 * @param host its UUID
 */
export async function hostChecks(db: StoreDatabase, host: string): Promise<HostChecks> {
  const key = sql`(SELECT id FROM hosts WHERE ${identifier(db.dialect.uuidColumn)} = ${host})`;
  const scripts = await db.query<
    Omit<ScriptRow, 'transport'> & { readonly transport: Transport | '' }
  >(sql`
    SELECT transport, port, script, output, data, t AS seen FROM (
      SELECT script_results.*, row_number() OVER (
        PARTITION BY transport, port, script ORDER BY t DESC, job_id DESC
      ) AS age FROM script_results WHERE host_id = ${key}
    ) numbered WHERE age = 1 ORDER BY transport, port, script`);
  return {
    scripts: scripts.map((row) => ({
      ...row,
      transport: row.transport === '' ? null : row.transport,
      port: row.transport === '' ? null : row.port,
      data: fromJson(row.data),
    })),
    os_matches: await db.query<OsMatchRow>(sql`
      SELECT name, accuracy, family, vendor, generation, device_type, cpe FROM os_matches
      WHERE host_id = ${key} AND job_id = ${newestJob('os_matches', key)} ORDER BY place`),
    hops: await db.query<HopRow>(sql`
      SELECT ttl, address, rtt_ms, hostname FROM trace_hops
      WHERE host_id = ${key} AND job_id = ${newestJob('trace_hops', key)} ORDER BY ttl`),
  };
}

function newestJob(table: string, host: Sql): Sql {
  return sql`(SELECT job_id FROM ${identifier(table)} WHERE host_id = ${host}
    ORDER BY t DESC, job_id DESC LIMIT 1)`;
}
