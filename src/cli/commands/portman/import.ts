import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { AppError, messageOf } from '../../../errors.ts';
import { importDocument, type ImportOutcome } from '../../../portman/import.ts';
import { maxDocumentBytes, parseDocument } from '../../../portman/parse-document.ts';
import { type Io, write } from '../../io.ts';
import { withRegistry } from './registry-command.ts';

interface ImportCommandOptions {
  readonly merge?: boolean;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly checksum: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument('[file]', 'an export (default: stdin)')
    .addOption(
      new Option(
        '--merge',
        'add and update; reservations of other projects stay (default)',
      ).conflicts('replace'),
    )
    .option('--replace', 'remove reservations that are not in the file')
    .option('--dry-run', 'only show what would change')
    .option('--no-checksum', 'accept a file that was changed since it was written')
    .option('--json', 'print a JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  portman import full-backup.json --replace --dry-run\n' +
        '  ssh other portman export | portman import',
    );
}

/** Takes an export in, in one transaction. */
export async function run(
  io: Io,
  [file]: [string | undefined],
  options: ImportCommandOptions,
): Promise<void> {
  const source = file === undefined || file === '-' ? await text(io.stdin) : await readSource(file);
  const document = await parseDocument(source, { ignoreChecksum: !options.checksum });
  if (!document.isChecked && options.checksum) {
    await write(io.stderr, 'portman: the file has no checksum, so it was not checked\n');
  }
  const outcome = await withRegistry(io, (registry) => {
    const { replace, dryRun } = options;
    return Promise.resolve(
      importDocument(registry, document, { replace: replace ?? false, dryRun: dryRun ?? false }),
    );
  });
  await write(
    io.stdout,
    options.json ? `${JSON.stringify(outcome, null, 2)}\n` : describe(outcome, options.dryRun),
  );
}

/** What an import did, for people. */
export function describe(outcome: ImportOutcome, isDryRun = false): string {
  const { added, updated, removed, kept } = outcome;
  const counts = `${added.length} added, ${updated.length} updated, ${removed.length} removed`;
  const kepts = kept.map(({ port, project }) => `port ${port} stays reserved for ${project}\n`);
  return `${isDryRun ? 'would be: ' : ''}${counts}\n${kepts.join('')}`;
}

async function readSource(path: string): Promise<string> {
  try {
    await using handle = await open(path);
    const { size } = await handle.stat();
    if (size > maxDocumentBytes) throw new Error(`it is larger than ${maxDocumentBytes} bytes`);
    return await handle.readFile('utf8');
  } catch (cause) {
    throw new AppError('NO_INPUT', `cannot read "${path}": ${messageOf(cause)}`, { cause });
  }
}
