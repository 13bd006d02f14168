import { Option } from 'commander';
import { lookAtPorts, type PortState } from '../../../portman/port-state.ts';
import type { Io } from '../../io.ts';
import type { OutputOptions } from '../../output.ts';
import { splitList } from '../../option-values.ts';
import { portTable, stateWord } from './port-table.ts';
import { registryTable } from './registry-command.ts';

interface ListOptions extends OutputOptions {
  readonly status?: string;
  readonly project?: string;
  readonly tags?: string[];
  readonly format?: 'table' | 'json' | 'csv';
  readonly all?: boolean;
}

const statuses = ['reserved', 'in-use', 'free', 'foreign', 'unmanaged'];

/** Lists reservations and their listeners. */
const table = registryTable<PortState, [], ListOptions>({
  define: (command) =>
    command
      .addOption(
        new Option('-s, --status <status>', 'only ports with this status').choices(statuses),
      )
      .option('-p, --project <name>', 'only ports of this project')
      .option('-t, --tags <tags...>', 'only ports with all of these tags')
      .option('-a, --all', 'also ports in use without a reservation')
      .addOption(
        new Option('--format <format>', 'as --json, --csv').choices(['table', 'json', 'csv']),
      ),
  help: '\nExamples:\n  portman list\n  portman list -s in-use -p shop --json',
  async work(registry, { options }) {
    const unmanaged = options.all === true || options.status === 'unmanaged';
    const { states } = await lookAtPorts(registry, { unmanaged });
    return { rows: states.filter((state) => isWanted(state, options)) };
  },
  ...portTable,
  empty: 'No ports are reserved. "portman request 1 -n NAME" reserves one.',
});

export const { define } = table;

export async function run(io: Io, _: readonly unknown[], options: ListOptions): Promise<void> {
  const { format } = options;
  const output = format === undefined || format === 'table' ? {} : { [format]: true };
  await table.run(io, [], { ...options, ...output }, []);
}

function isWanted(state: PortState, { status, project, tags }: ListOptions): boolean {
  const { reservation } = state;
  if (status !== undefined && status !== state.status && status !== stateWord(state)) return false;
  if (status === 'in-use' && state.unmanaged) return false;
  if (project !== undefined && reservation?.projectName !== project) return false;
  return (splitList(tags) ?? []).every((tag) => reservation?.tags.includes(tag));
}
