import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Option } from 'commander';
import { AppError, messageOf } from '../../../errors.ts';
import { importDocument, type ImportOutcome } from '../../../portman/import.ts';
import { maxDocumentBytes, parseDocument } from '../../../portman/parse-document.ts';
import { write } from '../../io.ts';
import { registryCommand } from './registry-command.ts';

interface ImportOptions {
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly checksum: boolean;
}

/** Imports an export, in one transaction. */
export const { define, run } = registryCommand<[string?], ImportOptions>({
  define: (command) =>
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
      .option('--no-checksum', 'accept a file that was changed since it was written'),
  help:
    '\nExamples:\n  portman import full-backup.json --replace --dry-run\n' +
    '  ssh other portman export | portman import',
  async work(registry, { io, operands: [file = '-'], options }) {
    const { checksum, replace, dryRun } = options;
    const source = file === '-' ? await text(io.stdin) : await readSource(file);
    const document = await parseDocument(source, { ignoreChecksum: !checksum });
    if (checksum && !document.isChecked) {
      await write(io.stderr, 'portman: the file has no checksum, so it was not checked\n');
    }
    const outcome = importDocument(registry, document, { replace, dryRun });
    return { json: outcome, indent: 2, text: describe(outcome, dryRun) };
  },
});

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
