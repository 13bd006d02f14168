import type { Command } from 'commander';
import { shortId } from '../../core/ids.ts';
import { scanJson } from '../../resources/scans.ts';
import { type ImportSource, readImport } from '../../import/read-import.ts';
import {
  type ImportProgress,
  type ImportResult,
  recordImport,
} from '../../record/import-recorder.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../errors.ts';
import { type Io, partlyRead, sourceOf, write } from '../io.ts';
import { addOutputOptions, formatOf, type OutputOptions, withOutput } from '../output.ts';
import { limitHeap } from '../limit-heap.ts';
import { progressLine } from '../progress.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { bytes, count, number } from '../../core/quantity.ts';

export function define(command: Command): void {
  command
    .argument('<files...>', 'files, plain or compressed; - for stdin')
    .option('--format <name>', 'the format of the files (default: detected from the content)');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

/** Repeats the names of the importers, so that the help need not load them; a test compares both. */
const examples = `
The format is detected from the content. Lines that cannot be read become errors of the scan, which is
marked partial; everything else is kept. Imports are idempotent.

Formats: jsonl (Portolan's own), nmap-xml (also masscan -oX), masscan-json (-oJ), masscan-ndjson
(-oD), masscan-list (-oL), zgrab2, nuclei (-jsonl), httpx (-json), naabu (-json), aggregate, csv.

Examples:
  portolan import results.jsonl
  portolan import nmap.xml masscan.json
  portolan import monday.jsonl.gz tuesday.jsonl.gz
  some-scanner | portolan import -`;

export async function run(
  io: Io,
  [files]: [string[]],
  options: OutputOptions & StoreOptions & { readonly format?: string },
): Promise<number> {
  limitHeap();
  await using app = await openFrom(io, options, true);
  let status = 0;
  for (const file of files) {
    const source = sourceOf(io, file);
    const progress: ImportProgress = { bytes: 0, lines: 0, ports: 0 };
    const started = Date.now();
    const { format } = options;
    const result = await readOne(io, { source, format, progress, store: app.store }).catch(
      async (error: unknown) => {
        // An unreadable file does not stop the import of the others.
        if (!(error instanceof AppError) || files.length === 1 || io.signal.aborted) throw error;
        await write(io.stderr, `portolan: ${error.message}\n`);
        status = error.exitCode;
        return undefined;
      },
    );
    if (!result) continue;
    if (result.badLines > 0 || result.isTruncated) status = partlyRead;
    await report(io, options, { file, result, seconds: (Date.now() - started) / 1000 });
  }
  return status;
}

async function readOne(
  io: Io,
  {
    source,
    format,
    progress,
    store,
  }: {
    source: ImportSource;
    format: string | undefined;
    progress: ImportProgress;
    store: Store;
  },
): Promise<ImportResult> {
  const name = 'path' in source ? source.path : source.name;
  using _line = progressLine(
    io,
    () => `${name}: ${bytes(progress.bytes)}, ${count(progress.lines, 'line')}`,
  );
  const { signal } = io;
  return await recordImport(store, readImport(source, { format, signal }), {
    signal,
    onProgress: (now) => Object.assign(progress, now),
  });
}

/** The scan that the bad lines are errors of. */
function scanWithErrors(jobs: ImportResult['jobs']): string {
  const job = jobs.find(({ error_count: errors }) => errors > 0) ?? jobs[0];
  return job?.id.slice(0, 18) ?? 'last';
}

async function report(
  io: Io,
  options: OutputOptions,
  { file, result, seconds }: { file: string; result: ImportResult; seconds: number },
): Promise<void> {
  const { jobs, badLines, isTruncated, lines, skipped } = result;
  if (formatOf(options) !== 'table') {
    const value = { file, ...result, jobs: jobs.map(scanJson) };
    return withOutput(io, options, (stream) => write(stream, `${JSON.stringify(value)}\n`));
  }
  const rate = seconds > 1 ? ` (${number(lines / seconds)} lines/s)` : '';
  const unknown = Object.entries(skipped).map(([type, n]) => `${number(n)} ${type}`);
  const text = [
    `${file}: ${count(lines, 'line')} read${rate}`,
    ...jobs.map(
      (job) =>
        `  scan ${shortId(job.id)}, ${job.is_partial ? 'partial' : job.status}: ` +
        `${count(job.host_count, 'host')}, ${count(job.ports_open, 'open port')}`,
    ),
    unknown.length > 0 ? `  skipped event types without a table: ${unknown.join(', ')}` : '',
    badLines > 0
      ? `  ${count(badLines, 'bad line')}: "portolan errors --scan ${scanWithErrors(jobs)}"`
      : '',
    isTruncated ? '  it ends in the middle; everything before that was kept' : '',
  ];
  await write(io.stderr, `${text.filter((line) => line !== '').join('\n')}\n`);
}
