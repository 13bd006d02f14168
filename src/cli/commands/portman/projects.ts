import type { Command } from 'commander';
import { type Project, readProjects } from '../../../portman/history.ts';
import { reconcile } from '../../../portman/reconcile.ts';
import type { Io } from '../../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../../output.ts';
import type { Column } from '../../../resources/resource.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  addOutputOptions(command).addHelpText('after', '\nExample:\n  portman projects');
}

const columns: readonly Column<Project>[] = [
  { title: 'project', value: ({ projectName }) => projectName },
  { title: 'count', value: ({ portCount }) => portCount, align: 'right' },
  { title: 'in use', value: ({ activeCount }) => activeCount, align: 'right' },
  { title: 'ports', value: ({ ports }) => ports.join(' ') },
];

/** Lists the projects that have reservations. */
export async function run(io: Io, _: readonly unknown[], options: OutputOptions): Promise<void> {
  const rows = await withRegistry(io, async (registry) => {
    await reconcile(registry);
    return readProjects(registry);
  });
  await writeRows(io, options, { rows, shape: { columns, empty: 'No project has ports.' } });
}
