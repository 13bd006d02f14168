import { Option } from 'commander';
import type { ImportOptions } from '../../../portman/import.ts';
import { listSnapshots, loadSnapshot, saveSnapshot } from '../../../portman/snapshots.ts';
import { describe } from './import.ts';
import { registryCommand, registryTable } from './registry-command.ts';

/** `portman config save NAME`. */
export const save = registryCommand<[string], { readonly description?: string }>({
  define: (command) =>
    command.argument('<name>', 'the name').option('-d, --description <text>', 'what it is for'),
  help: '\nExample:\n  portman config save before-move',
  async work(registry, { operands: [name], options: { description } }) {
    await saveSnapshot(registry, name, description);
    return { json: { name }, text: `saved ${name}\n` };
  },
});

/** `portman config load NAME`. */
export const load = registryCommand<[string], ImportOptions>({
  define: (command) =>
    command
      .argument('<name>', 'the name')
      .addOption(new Option('--merge', 'add and update (default)').conflicts('replace'))
      .option('--replace', 'remove reservations that were not saved')
      .option('--dry-run', 'only show what would change'),
  help: '\nExample:\n  portman config load before-move --replace',
  async work(registry, { operands: [name], options }) {
    const outcome = await loadSnapshot(registry, name, options);
    return { json: outcome, indent: 2, text: describe(outcome, options.dryRun) };
  },
});

/** `portman config list`. */
export const list = registryTable({
  help: '\nExample:\n  portman config list',
  work: (registry) => ({ rows: listSnapshots(registry) }),
  columns: [
    { title: 'name', value: ({ name }) => name },
    { title: 'saved', value: ({ createdAt }) => createdAt },
    { title: 'by', value: ({ createdBy }) => createdBy },
    { title: 'description', value: ({ description }) => description },
  ],
  empty: 'No configuration is saved. "portman config save NAME" saves one.',
});
