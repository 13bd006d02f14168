import type { Command } from 'commander';
import { readSettings } from '../../../portman/settings.ts';
import { findStale, releaseStale, type StaleReservation } from '../../../portman/stale.ts';
import { type Io, write } from '../../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../../output.ts';
import type { Column } from '../../../resources/resource.ts';
import { integerOption } from '../../option-values.ts';
import { withRegistry } from './with-registry.ts';

interface StaleOptions extends OutputOptions {
  readonly days?: number;
  readonly grace?: number;
  readonly release?: boolean;
}

export function define(command: Command): void {
  addOutputOptions(command)
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
    .option('--release', 'release them')
    .addHelpText('after', '\nExamples:\n  portman stale --days 30\n  portman stale --release');
}

const columns: readonly Column<StaleReservation>[] = [
  { title: 'port', value: (row) => row.number, align: 'right' },
  { title: 'project', value: (row) => row.projectName },
  { title: 'reserved', value: (row) => row.reservedAt },
  { title: 'days', value: (row) => row.daysOld, align: 'right' },
  { title: 'why', value: (row) => (row.reason === 'old' ? 'old' : 'its process exited') },
];

/** Lists reservations that seem abandoned, and releases them on request. */
export async function run(io: Io, _: readonly unknown[], options: StaleOptions): Promise<void> {
  const { stale, released } = await withRegistry(io, async (registry) => {
    const { stale: limits } = readSettings(registry);
    const found = await findStale(registry, {
      days: options.days ?? limits.days,
      graceMs: (options.grace ?? limits.graceSeconds) * 1000,
    });
    return { stale: found, released: options.release ? releaseStale(registry, found) : [] };
  });
  await writeRows(io, options, {
    rows: stale,
    shape: { columns, empty: 'No stale reservations.' },
  });
  if (options.release && stale.length > 0) {
    await write(io.stderr, `released ${released.join(', ')}\n`);
  }
}
