import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { AppError, messageOf } from '../../../errors.ts';
import { type ExportOptions, exportRegistry } from '../../../portman/export.ts';
import { type Io, write } from '../../io.ts';
import { assertNoDatabase } from '../../output.ts';
import { withRegistry } from './registry-command.ts';

interface ExportCommandOptions extends ExportOptions {
  readonly output?: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument('[file]', 'the file (default: stdout)')
    .option('-o, --output <file>', 'as the argument')
    .option('--pretty', 'indented JSON')
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices(['json', 'yaml']),
    )
    .option('--json', 'as --format json')
    .option('--full', 'also the history and the saved configurations')
    .addHelpText(
      'after',
      '\nExamples:\n  portman export full-backup.json --full\n  portman export --format yaml',
    );
}

/** Writes the reservations as one document with a checksum. */
export async function run(
  io: Io,
  [file]: [string | undefined],
  options: ExportCommandOptions,
): Promise<void> {
  const path = options.output ?? file;
  const isYaml = /\.ya?ml$/i.test(path ?? '');
  const format = options.json ? 'json' : (options.format ?? (isYaml ? 'yaml' : 'json'));
  const text = await withRegistry(io, (registry) =>
    exportRegistry(registry, { ...options, format }),
  );
  if (path === undefined || path === '-') return write(io.stdout, text);
  assertNoDatabase(path);
  try {
    await using handle = await open(path, 'w', 0o600);
    await handle.writeFile(text);
  } catch (cause) {
    throw new AppError('STORE_UNWRITABLE', `cannot write "${path}": ${messageOf(cause)}`, {
      cause,
    });
  }
}
