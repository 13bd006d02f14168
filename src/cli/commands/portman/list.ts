import { type Command, Option } from 'commander';
import { lookAtPorts, type PortState } from '../../../portman/port-state.ts';
import type { Io } from '../../io.ts';
import { addOutputOptions, formatOf, type OutputOptions, writeRows } from '../../output.ts';
import { splitList } from '../../option-values.ts';
import { portColumns, portRecord, stateWord } from './port-columns.ts';
import { withRegistry } from './with-registry.ts';

interface ListOptions extends OutputOptions {
  readonly status?: string;
  readonly project?: string;
  readonly tags?: string[];
  readonly format?: 'table' | 'json' | 'csv';
  readonly all?: boolean;
}

const statuses = ['reserved', 'in-use', 'free', 'foreign', 'unmanaged'];

export function define(command: Command): void {
  addOutputOptions(command)
    .addOption(new Option('-s, --status <status>', 'only ports with this status').choices(statuses))
    .option('-p, --project <name>', 'only ports of this project')
    .option('-t, --tags <tags...>', 'only ports with all of these tags')
    .option('-a, --all', 'also ports in use without a reservation')
    .addOption(
      new Option('--format <format>', 'as --json, --csv').choices(['table', 'json', 'csv']),
    )
    .addHelpText('after', '\nExamples:\n  portman list\n  portman list -s in-use -p shop --json');
}

/** Lists reservations and their listeners. */
export async function run(io: Io, _: readonly unknown[], options: ListOptions): Promise<void> {
  const output = { ...options, ...formatOptions(options.format) };
  const unmanaged = options.all === true || options.status === 'unmanaged';
  const { states } = await withRegistry(io, (registry) => lookAtPorts(registry, { unmanaged }));
  await writeRows(io, output, {
    rows: states.filter((state) => isWanted(state, options)),
    shape: {
      columns: portColumns,
      empty: 'No ports are reserved. "portman request 1 -n NAME" reserves one.',
      ...(formatOf(output) === 'csv' ? { toJson: portRecord } : {}),
    },
  });
}

function formatOptions(format: ListOptions['format']): OutputOptions {
  if (format === 'json') return { json: true };
  return format === 'csv' ? { csv: true } : {};
}

function isWanted(state: PortState, { status, project, tags }: ListOptions): boolean {
  const { reservation } = state;
  if (status !== undefined && status !== state.status && status !== stateWord(state)) return false;
  if (status === 'in-use' && state.unmanaged) return false;
  if (project !== undefined && reservation?.projectName !== project) return false;
  return (splitList(tags) ?? []).every((tag) => reservation?.tags.includes(tag));
}
