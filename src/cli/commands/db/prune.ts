import { count, number } from '../../../core/quantity.ts';
import { isoTime } from '../../../resources/iso-time.ts';
import { parsePrunable, prunable, type PruneReport } from '../../../store/maintenance/prune.ts';
import { pastOption } from '../../option-values.ts';
import { localTime } from '../../text.ts';
import { adminCommand, type AdminOptions } from './admin-command.ts';

interface Options extends AdminOptions {
  readonly olderThan: number;
  readonly tables?: string;
  readonly keepScans?: boolean;
  readonly tenant?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export const prune = adminCommand<Options>({
  define: (command) =>
    command
      .requiredOption(
        '--older-than <time>',
        'scans that ended before: 90d, 52w, 2026-01-31',
        pastOption,
      )
      .option('--tables <list>', `only rows of these, the scans stay: ${prunable.join(',')}`)
      .option('--keep-scans', 'keep the list of scans and their counts; remove their results')
      .option('--tenant <name>', 'only the scans of one tenant (default: all tenants)')
      .option('--yes', 'remove; without this, only print what would be removed')
      .option('--dry-run', 'only print what would be removed (as without --yes)'),
  help: `
Removes ended scans only. What is known of hosts, ports and certificates stays, and so do targets,
profiles and the audit log. On PostgreSQL, months whose scans are all removed are dropped as
partitions. "portolan db vacuum" then frees the disk space.

Examples:
  portolan db prune --older-than 90d
  portolan db prune --older-than 90d --yes
  portolan db prune --older-than 30d --tables banner_scans,http_scans --yes`,
  async work({ admin, options, progress }) {
    const { tables, tenant } = options;
    const named = tables?.split(/[,\s]+/).filter((word) => word !== '');
    const report = await admin.prune({
      before: options.olderThan,
      keepScans: options.keepScans ?? false,
      isDryRun: options.dryRun === true || options.yes !== true,
      ...(named && { tables: parsePrunable(named) }),
      ...(tenant !== undefined && { tenant }),
      ...progress,
    });
    return {
      json: { ...report, before: isoTime(report.before) },
      text: textOf(report),
      ...(report.isDryRun && { note: 'Nothing was removed. Pass --yes to remove it.\n' }),
    };
  },
});

function textOf({ scans, rows, partitions, before, isDryRun }: PruneReport): string {
  if (scans === 0) return `No scans ended before ${localTime(before)}; nothing to prune.\n`;
  const lines = Object.entries(rows)
    .filter(([, gone]) => gone > 0)
    .map(([table, gone]) => `${table.padEnd(14)} ${number(gone)}\n`);
  const months = partitions.length > 0 ? `partitions     ${partitions.join(', ')}\n` : '';
  const verb = isDryRun ? 'Would remove' : 'Removed';
  const head = `${verb} from ${count(scans, 'scan')} that ended before ${localTime(before)}:\n`;
  return head + lines.join('') + months;
}
