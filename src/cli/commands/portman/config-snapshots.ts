import { type Command, Option } from 'commander';
import { listSnapshots, loadSnapshot, saveSnapshot } from '../../../portman/snapshots.ts';
import { write } from '../../io.ts';
import { addOutputOptions, writeRows } from '../../output.ts';
import type { CommandModule } from '../../command.ts';
import { describe } from './import.ts';
import { withRegistry } from './with-registry.ts';

/** `portman config save NAME`. */
export const save: CommandModule = {
  define(command: Command) {
    command
      .argument('<name>', 'the name')
      .option('-d, --description <text>', 'what it is')
      .option('--json', 'print a JSON object')
      .addHelpText('after', '\nExample:\n  portman config save before-move');
  },
  async run(io, [name], options) {
    const { description, json } = options as { description?: string; json?: boolean };
    await withRegistry(io, (registry) => saveSnapshot(registry, name as string, description));
    await write(io.stdout, json ? `${JSON.stringify({ name })}\n` : `saved ${name as string}\n`);
  },
};

/** `portman config load NAME`. */
export const load: CommandModule = {
  define(command: Command) {
    command
      .argument('<name>', 'the name')
      .addOption(new Option('--merge', 'add and update (default)').conflicts('replace'))
      .option('--replace', 'make the registry what was saved')
      .option('--dry-run', 'only show what would change')
      .option('--json', 'print a JSON object')
      .addHelpText('after', '\nExample:\n  portman config load before-move --replace');
  },
  async run(io, [name], options) {
    const { json, ...how } = options as { json?: boolean; replace?: boolean; dryRun?: boolean };
    const outcome = await withRegistry(io, (registry) =>
      loadSnapshot(registry, name as string, how),
    );
    await write(
      io.stdout,
      json ? `${JSON.stringify(outcome, null, 2)}\n` : describe(outcome, how.dryRun),
    );
  },
};

/** `portman config list`. */
export const list: CommandModule = {
  define(command: Command) {
    addOutputOptions(command).addHelpText('after', '\nExample:\n  portman config list');
  },
  async run(io, _, options) {
    const rows = await withRegistry(io, (registry) => Promise.resolve(listSnapshots(registry)));
    await writeRows(io, options, {
      rows,
      shape: {
        columns: [
          { title: 'name', value: ({ name }) => name },
          { title: 'saved', value: ({ createdAt }) => createdAt },
          { title: 'by', value: ({ createdBy }) => createdBy },
          { title: 'description', value: ({ description }) => description },
        ],
        empty: 'No configuration is saved. "portman config save NAME" saves one.',
      },
    });
  },
};
