import type { Command } from 'commander';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { readFilter, writePorts } from '../lists.ts';
import { addOutputOptions, type OutputOptions } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  addFilterOptions(command, ['port', 'state', 'service', 'scan', 'since', 'limit']);
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Without --scan: what is known now, from all scans together. A service with a "?" is a guess from
the port's number.

Examples:
  portolan ports
  portolan ports 10.0.0.0/24 --port 80,443 --state open
  portolan ports --service openssh --since 7d --json
  portolan ports --scan last --csv -o ports.csv`;

export async function run(
  io: Io,
  [words]: [string[]],
  options: FilterOptions & OutputOptions & StoreOptions,
): Promise<void> {
  await using app = await openFrom(io, options);
  const filter = await readFilter(app, words, options);
  await writePorts(io, app, { filter, output: options, limit: options.limit });
}
