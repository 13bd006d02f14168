import type { DatabaseSync } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import type { IndexStats, MonthStats, StoreStats, TableStats } from '../../maintenance/stats.ts';
import type { SqliteFile } from './file.ts';
import { sizeOf } from './status.ts';

/** Bytes per table and index, including WITHOUT ROWID tables, whose primary key is the table. */
const sizes = `
  SELECT s.type, s.name, s.tbl_name AS "table", sum(d.pgsize) AS bytes
  FROM sqlite_schema s JOIN dbstat d ON d.name = s.name
  WHERE s.type IN ('table', 'index') GROUP BY s.type, s.name, s.tbl_name`;

const months = `
  SELECT strftime('%Y-%m', requested_at / 1000, 'unixepoch') AS month, count(*) AS scans,
    sum(host_count) AS hosts, sum(ports_open) AS openPorts, sum(error_count) AS errors
  FROM scan_jobs GROUP BY 1 ORDER BY 1 DESC`;

/** Sizes and growth of a file. Counting rows reads each table's smallest index. */
export function fileStats({ path, use }: SqliteFile): Promise<StoreStats> {
  return use((db) => {
    const parts = db.prepare(sizes).all<IndexStats & { type: string }>();
    const indexes = parts.filter(({ type }) => type === 'index');
    return {
      location: path,
      bytes: sizeOf(path),
      isEstimate: false,
      tables: parts
        .filter(({ type }) => type === 'table')
        .map(({ name, bytes }) => tableStats(db, { name, bytes, indexes }))
        .toSorted((a, b) => b.bytes + b.indexBytes - a.bytes - a.indexBytes),
      indexes: indexes
        .map(({ name, table, bytes }) => ({ name, table, bytes, scans: null }))
        .toSorted((a, b) => b.bytes - a.bytes),
      months: db.prepare(months).all<MonthStats>(),
      cacheHitRatio: null,
      transactions: null,
      connections: null,
    };
  });
}

function tableStats(
  db: DatabaseSync,
  { name, bytes, indexes }: { name: string; bytes: number; indexes: readonly IndexStats[] },
): TableStats {
  const { rows } = firstRow(
    db.prepare(`SELECT count(*) AS rows FROM "${name}"`).all<{ rows: number }>(),
  );
  const indexBytes = indexes
    .filter(({ table }) => table === name)
    .reduce((sum, index) => sum + index.bytes, 0);
  const unknown = { deadRows: null, inserts: null, updates: null };
  return { name, rows, bytes, indexBytes, ...unknown, partitions: [] };
}
