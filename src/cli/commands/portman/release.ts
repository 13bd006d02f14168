import type { Command } from 'commander';
import { parsePortWords } from '../../../portman/port-number.ts';
import { releasePorts } from '../../../portman/release.ts';
import { type Io, write } from '../../io.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  command
    .argument('<ports...>', 'the ports, all or none')
    .option('-f, --force', 'also where its project still listens')
    .option('--json', 'print a JSON array')
    .addHelpText('after', '\nExample:\n  portman release 3000 4000-4003');
}

/** Gives up reservations; what listens goes on. */
export async function run(
  io: Io,
  [words]: [string[]],
  { force, json }: { readonly force?: boolean; readonly json?: boolean },
): Promise<void> {
  const ports = await withRegistry(io, (registry) =>
    releasePorts(registry, { ports: parsePortWords(words), force }),
  );
  const text = `released ${ports.join(', ')}\n`;
  await write(io.stdout, json ? `${JSON.stringify(ports)}\n` : text);
}
