import { backUp } from '../../../portman/backup.ts';
import { registryCommand } from './registry-command.ts';

/** Copies the registry's file as of one moment, and checks the copy. */
export const { define, run } = registryCommand<[string?]>({
  define: (command) =>
    command.argument(
      '[file]',
      'a new file (default: one with the time in its name, beside the registry)',
    ),
  help: '\nExample:\n  portman backup ~/ports-backup.db',
  async work(registry, { operands: [file] }) {
    const path = await backUp(registry, file);
    return { json: { path }, text: `${path}\n` };
  },
});
