import type { Command } from 'commander';
import { backUp } from '../../../portman/backup.ts';
import { type Io, write } from '../../io.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  command
    .argument('[file]', 'a new file (default: one with the time in its name, beside the registry)')
    .option('--json', 'print a JSON object')
    .addHelpText('after', '\nExample:\n  portman backup ~/ports-backup.db');
}

/** Copies the registry's file as it is at one moment, and checks the copy. */
export async function run(
  io: Io,
  [file]: [string | undefined],
  { json }: { readonly json?: boolean },
): Promise<void> {
  const path = await withRegistry(io, (registry) => backUp(registry, file));
  await write(io.stdout, json ? `${JSON.stringify({ path })}\n` : `${path}\n`);
}
