import { parsePortWords } from '../../../portman/port-number.ts';
import { releasePorts } from '../../../portman/release.ts';
import { registryCommand } from './registry-command.ts';

/** Releases reservations; listening processes continue. */
export const { define, run } = registryCommand<[string[]], { readonly force?: boolean }>({
  define: (command) =>
    command
      .argument('<ports...>', 'the ports, all or none')
      .option('-f, --force', 'also if its project still listens'),
  help: '\nExample:\n  portman release 3000 4000-4003',
  async work(registry, { operands: [words], options: { force } }) {
    const ports = await releasePorts(registry, { ports: parsePortWords(words), force });
    return { json: ports, text: `released ${ports.join(', ')}\n` };
  },
});
