import { type Command, Option } from 'commander';
import { type HostState, hostStates } from '../../core/states.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { readFilter, writeHosts } from '../lists.ts';
import { addOutputOptions, type OutputOptions } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  addFilterOptions(command, ['scan', 'since', 'limit']).addOption(
    new Option('--state <state>', 'only hosts in this state').choices([...hostStates]),
  );
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Examples:
  portolan hosts
  portolan hosts 10.0.0.0/16 --state up --since 7d
  portolan hosts --scan last --json`;

export async function run(
  io: Io,
  [words]: [string[]],
  options: FilterOptions & OutputOptions & StoreOptions,
): Promise<void> {
  await using app = await openFrom(io, options);
  const { hosts, scan, since } = await readFilter(app, words, options);
  const filter = { hosts, scan, since, state: options.state as HostState | undefined };
  await writeHosts(io, app, { filter, output: options, limit: options.limit });
}
