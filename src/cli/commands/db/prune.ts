import type { Command } from 'commander';
import { parsePrunable, prunable, type PruneReport } from '../../../store/maintenance/prune.ts';
import { type Io, write } from '../../io.ts';
import { pastOption } from '../../option-values.ts';
import { count, number } from '../../../core/quantity.ts';
import { localTime } from '../../text.ts';
import {
  addKeeperOptions,
  asJsonOr,
  adminFrom,
  type AdminOptions,
  keepingProgress,
} from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command)
    .requiredOption(
      '--older-than <time>',
      'scans that ended before: 90d, 52w, 2026-01-31',
      pastOption,
    )
    .option('--tables <list>', `only rows of these, the scans stay: ${prunable.join(',')}`)
    .option('--keep-scans', 'the list of scans stays, with their counts; what they saw goes')
    .option('--tenant <name>', 'only the scans of one tenant; without it those of all')
    .option('--yes', 'remove it; without this, only say what would go')
    .option('--dry-run', 'only say what would go (as without --yes)')
    .addHelpText('after', examples);
}

const examples = `
Only scans that have ended go. What is known of hosts, ports and certificates stays, and so do
targets, profiles and the audit log. On PostgreSQL, months of which every scan goes are dropped as
partitions. "portolan db vacuum" then gives the room back.

Examples:
  portolan db prune --older-than 90d
  portolan db prune --older-than 90d --yes
  portolan db prune --older-than 30d --tables banner_scans,http_scans --yes`;

interface Options extends AdminOptions {
  readonly json?: boolean;
  readonly olderThan: number;
  readonly tables?: string;
  readonly keepScans?: boolean;
  readonly tenant?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export async function run(io: Io, _: readonly unknown[], options: Options): Promise<void> {
  const { tables, tenant } = options;
  const named = tables?.split(/[,\s]+/).filter((word) => word !== '');
  const request = {
    before: options.olderThan,
    keepScans: options.keepScans ?? false,
    isDryRun: options.dryRun === true || options.yes !== true,
    ...(named && { tables: parsePrunable(named) }),
    ...(tenant !== undefined && { tenant }),
  };
  await using admin = await adminFrom(io, options);
  using progress = keepingProgress(io);
  const report = await admin.prune({ ...request, ...progress.options });
  progress[Symbol.dispose]();
  const json = { ...report, before: new Date(report.before).toISOString() };
  await write(io.stdout, asJsonOr(options.json, json, textOf(report)));
  if (report.isDryRun && !options.json) {
    await write(io.stderr, 'Nothing was removed. --yes removes it.\n');
  }
}

function textOf({ scans, rows, partitions, before, isDryRun }: PruneReport): string {
  const lines = Object.entries(rows)
    .filter(([, gone]) => gone > 0)
    .map(([table, gone]) => `${table.padEnd(14)} ${number(gone)}\n`);
  const months = partitions.length > 0 ? `partitions     ${partitions.join(', ')}\n` : '';
  return (
    `${count(scans, 'scan')} that ended before ${localTime(before)} ${isDryRun ? 'would lose' : 'lost'}:\n` +
    lines.join('') +
    months
  );
}
