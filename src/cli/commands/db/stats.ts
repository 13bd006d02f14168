import type { Command } from 'commander';
import type { StoreStats } from '../../../store/maintenance/stats.ts';
import { type Io, write } from '../../io.ts';
import { hasColor, type OutputOptions } from '../../output.ts';
import type { Column } from '../../../resources/resource.ts';
import { renderTable } from '../../table.ts';
import { bytes, number } from '../../../core/quantity.ts';
import { addKeeperOptions, asJsonOr, adminFrom, type AdminOptions } from './admin-option.ts';

type Options = AdminOptions & Pick<OutputOptions, 'json' | 'color'> & { partitions?: boolean };

export function define(command: Command): void {
  addKeeperOptions(command)
    .option('--partitions', 'a line a partition too')
    .option('--no-color', 'no colours (as NO_COLOR=1)')
    .addHelpText('after', examples);
}

const examples = `
PostgreSQL's numbers of rows are its own estimates ("portolan db vacuum" renews them); uses of
indexes, inserts and updates are counted since its statistics were reset.

Examples:
  portolan db stats
  portolan db stats --partitions
  portolan db stats --json`;

export async function run(io: Io, _: readonly unknown[], options: Options): Promise<void> {
  await using admin = await adminFrom(io, options);
  const stats = await admin.stats();
  if (options.json) return await write(io.stdout, asJsonOr(true, stats, ''));
  const color = hasColor(io, options);
  const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string =>
    rows.length === 0 ? '' : `${renderTable(rows, columns, { width: io.stdout.columns, color })}\n`;
  await write(
    io.stdout,
    table(tableRows(stats, options.partitions ?? false), tableColumns) +
      table(stats.indexes, indexColumns) +
      table(stats.months, monthColumns) +
      summary(stats),
  );
}

interface TableRow {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly indexBytes: number | null;
  readonly deadRows: number | null;
  readonly inserts: number | null;
  readonly updates: number | null;
}

function tableRows({ tables }: StoreStats, withPartitions: boolean): TableRow[] {
  const unknown = { indexBytes: null, deadRows: null, inserts: null, updates: null };
  return tables.flatMap((table) => [
    table,
    ...(withPartitions ? table.partitions : []).map((part) => ({
      ...part,
      ...unknown,
      name: `  ${part.name}`,
    })),
  ]);
}

const right = { align: 'right' } as const;
const numberOrNone = (value: number | null): string => (value === null ? '' : number(value));

const tableColumns: readonly Column<TableRow>[] = [
  { title: 'table', value: ({ name }) => name },
  { title: 'rows', value: ({ rows }) => number(rows), ...right },
  { title: 'size', value: (row) => bytes(row.bytes), ...right },
  {
    title: 'indexes',
    value: ({ indexBytes }) => (indexBytes === null ? '' : bytes(indexBytes)),
    ...right,
  },
  { title: 'dead', value: ({ deadRows }) => numberOrNone(deadRows), ...right },
  { title: 'inserts', value: ({ inserts }) => numberOrNone(inserts), ...right },
  { title: 'updates', value: ({ updates }) => numberOrNone(updates), ...right },
];

const indexColumns: readonly Column<StoreStats['indexes'][number]>[] = [
  { title: 'index', value: ({ name }) => name },
  { title: 'of', value: ({ table }) => table },
  { title: 'size', value: (row) => bytes(row.bytes), ...right },
  { title: 'used', value: ({ scans }) => numberOrNone(scans), ...right },
];

const monthColumns: readonly Column<StoreStats['months'][number]>[] = [
  { title: 'month', value: ({ month }) => month },
  { title: 'scans', value: ({ scans }) => number(scans), ...right },
  { title: 'hosts', value: ({ hosts }) => number(hosts), ...right },
  { title: 'open ports', value: ({ openPorts }) => number(openPorts), ...right },
  { title: 'errors', value: ({ errors }) => number(errors), ...right },
];

function summary(stats: StoreStats): string {
  const { cacheHitRatio, transactions, connections } = stats;
  const lines = [`${stats.location}: ${bytes(stats.bytes)}`];
  if (cacheHitRatio !== null) {
    lines.push(`${(100 * cacheHitRatio).toFixed(1)}% of reads were answered from memory`);
  }
  if (transactions) {
    const { committed, rolledBack } = transactions;
    lines.push(`${number(committed)} transactions committed, ${number(rolledBack)} rolled back`);
  }
  if (connections) {
    const { server, serverMax, portolan, pool } = connections;
    lines.push(
      `${server} of ${serverMax} connections in use, ${portolan} by Portolan ` +
        `(this process: ${pool.open} of ${pool.max})`,
    );
  }
  return `${lines.join('\n')}\n`;
}
