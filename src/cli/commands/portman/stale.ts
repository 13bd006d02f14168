import { findStale, releaseStale } from '../../../portman/stale.ts';
import { integerOption } from '../../option-values.ts';
import { registryTable } from './registry-command.ts';

interface StaleOptions {
  readonly days?: number;
  readonly grace?: number;
  readonly release?: boolean;
}

/** Lists reservations that seem abandoned, and releases them on request. */
export const { define, run } = registryTable({
  define: (command) =>
    command
      .option(
        '--days <days>',
        'minimum age of a reservation without a process (default: 30)',
        integerOption(0),
      )
      .option(
        '--grace <seconds>',
        'minimum time since its process exited (default: 60)',
        integerOption(0),
      )
      .option('--release', 'release them'),
  help: '\nExamples:\n  portman stale --days 30\n  portman stale --release',
  async work(registry, { options: { days, grace, release } }: { readonly options: StaleOptions }) {
    const graceMs = grace === undefined ? undefined : grace * 1000;
    const rows = await findStale(registry, { days, graceMs });
    if (!release || rows.length === 0) return { rows };
    return { rows, note: `released ${releaseStale(registry, rows).join(', ')}\n` };
  },
  columns: [
    { title: 'port', value: (row) => row.number, align: 'right' },
    { title: 'project', value: (row) => row.projectName },
    { title: 'reserved', value: (row) => row.reservedAt },
    { title: 'days', value: (row) => row.daysOld, align: 'right' },
    { title: 'why', value: (row) => (row.reason === 'old' ? 'old' : 'its process exited') },
  ],
  empty: 'No stale reservations.',
});
