import type { Command } from 'commander';
import { count } from '../../../core/quantity.ts';
import type { Column } from '../../../resources/resource.ts';
import type { Problem } from '../../../store/maintenance/problem.ts';
import { type Io, write } from '../../io.ts';
import { addOutputOptions, formatOf, type OutputOptions, writeRows } from '../../output.ts';
import { addDbOption, adminFrom, type AdminOptions, adminProgress } from './admin-command.ts';

export function define(command: Command): void {
  addDbOption(addOutputOptions(command))
    .option('--fix', 'repair what can be repaired without data loss')
    .addHelpText('after', examples);
}

const examples = `
Exits with 1 if a fault remains. A note may be intended.

Examples:
  portolan db check
  portolan db check --fix --json`;

const columns: readonly Column<Problem>[] = [
  {
    title: '',
    value: ({ severity, isFixed }) => (isFixed ? 'repaired' : severity),
    tone: ({ severity, isFixed }) => (isFixed ? 'good' : severity === 'fault' ? 'bad' : 'warning'),
  },
  { title: 'where', value: ({ object }) => object },
  { title: 'problem', value: ({ message }) => message },
  { title: 'what to do', value: ({ remedy, isFixed }) => (isFixed ? '' : remedy) },
];

export async function run(
  io: Io,
  _: readonly unknown[],
  options: AdminOptions & OutputOptions & { readonly fix?: boolean },
): Promise<number> {
  await using admin = await adminFrom(io, options);
  using progress = adminProgress(io);
  const rows = await admin.check({ fix: options.fix ?? false, ...progress.options });
  progress[Symbol.dispose]();
  const empty = `${admin.location}: no problems found.`;
  await writeRows(io, options, { rows, shape: { columns, empty } });
  const faults = rows.filter(({ severity, isFixed }) => severity === 'fault' && !isFixed);
  const fixable = faults.filter(({ isFixable }) => isFixable).length;
  if (fixable > 0 && formatOf(options) === 'table') {
    await write(io.stderr, `--fix repairs ${count(fixable, 'fault')} of these.\n`);
  }
  return faults.length > 0 ? 1 : 0;
}
