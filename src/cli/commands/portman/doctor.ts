import type { Command } from 'commander';
import { type DoctorCheck, examine } from '../../../portman/doctor.ts';
import type { Io } from '../../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../../output.ts';
import type { Column } from '../../../resources/resource.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  addOutputOptions(command)
    .option('--prune', 'also delete history older than a year and scans older than a week')
    .addHelpText('after', '\nEnds with 1 if a check fails.\n\nExample:\n  portman doctor');
}

const columns: readonly Column<DoctorCheck>[] = [
  { title: 'check', value: ({ name }) => name },
  {
    title: 'result',
    value: ({ ok }) => (ok ? 'ok' : 'failed'),
    tone: ({ ok }) => (ok ? 'good' : 'bad'),
  },
  { title: 'detail', value: ({ detail }) => (detail === 'ok' ? '' : detail) },
];

/** Checks the registry's file, rebuilds it without gaps and renews its statistics. */
export async function run(
  io: Io,
  _: readonly unknown[],
  options: OutputOptions & { readonly prune?: boolean },
): Promise<number> {
  const rows = await withRegistry(io, (registry) =>
    examine(registry, { prune: options.prune ?? false }),
  );
  await writeRows(io, options, { rows, shape: { columns, empty: '' } });
  return rows.every(({ ok }) => ok) ? 0 : 1;
}
