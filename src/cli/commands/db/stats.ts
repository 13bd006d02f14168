import { bytes, number } from '../../../core/quantity.ts';
import type { Column } from '../../../resources/resource.ts';
import type { StoreStats } from '../../../store/maintenance/stats.ts';
import { hasColor, type OutputOptions } from '../../output.ts';
import { renderTable } from '../../table.ts';
import { adminCommand, type AdminOptions } from './admin-command.ts';

type Options = AdminOptions & Pick<OutputOptions, 'color'> & { readonly partitions?: boolean };

export const stats = adminCommand<Options>({
  define: (command) =>
    command
      .option('--partitions', 'also one row per partition')
      .option('--no-color', 'no colors (as NO_COLOR=1)'),
  help: `
Row counts of PostgreSQL are its own estimates ("portolan db vacuum" renews them). Uses of indexes,
inserts and updates are counted since its statistics were reset.

Examples:
  portolan db stats
  portolan db stats --partitions
  portolan db stats --json`,
  async work({ io, admin, options }) {
    const found = await admin.stats();
    const color = hasColor(io, options);
    const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string =>
      rows.length === 0
        ? ''
        : `${renderTable(rows, columns, { width: io.stdout.columns, color })}\n`;
    const text =
      table(tableRows(found, options.partitions ?? false), tableColumns) +
      table(found.indexes, indexColumns) +
      table(found.months, monthColumns) +
      summary(found);
    return { json: found, text };
  },
});

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

function summary(found: StoreStats): string {
  const { cacheHitRatio, transactions, connections } = found;
  const lines = [`${found.location}: ${bytes(found.bytes)}`];
  if (cacheHitRatio !== null) {
    lines.push(`${(100 * cacheHitRatio).toFixed(1)}% of reads were served from memory`);
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
