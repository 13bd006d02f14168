import type { Command } from 'commander';
import { AppError } from '../../../errors.ts';
import { userName } from '../../../listeners/user-name.ts';
import { type KillOutcome, killPort } from '../../../portman/kill.ts';
import { parsePortWords } from '../../../portman/port-number.ts';
import { type Io, write } from '../../io.ts';
import { integerOption } from '../../option-values.ts';
import { withRegistry } from './with-registry.ts';

interface KillCommandOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument('<ports...>', 'the ports')
    .option('-f, --force', 'also the parents of this shell, and processes of other users')
    .option('--dry-run', 'only show what would be stopped')
    .option('--grace <seconds>', 'time between SIGTERM and SIGKILL (default: 5)', integerOption(0))
    .option('--json', 'print a JSON array')
    .addHelpText(
      'after',
      '\nStops only the listener on the port, never its clients.\n' +
        '\nExample:\n  portman kill 3000',
    );
}

/** Stops the processes that listen on ports, one port after the other. */
export async function run(
  io: Io,
  [words]: [string[]],
  options: KillCommandOptions,
): Promise<number> {
  const ports = parsePortWords(words);
  const outcomes: (KillOutcome & { error?: unknown })[] = [];
  let status = 0;
  await withRegistry(io, async (registry) => {
    for (const port of ports) {
      try {
        const outcome = await killPort(registry, port, {
          force: options.force,
          dryRun: options.dryRun,
          graceMs: options.grace === undefined ? undefined : options.grace * 1000,
          signal: io.signal,
        });
        outcomes.push(outcome);
        if (!options.json) await write(io.stdout, describe(outcome, options.dryRun ?? false));
      } catch (error) {
        if (!(error instanceof AppError) || ports.length === 1) throw error;
        // One port that cannot be freed does not stop the others.
        status = error.exitCode;
        const { code, message } = error;
        outcomes.push({ port, processes: [], signal: undefined, error: { code, message } });
        if (!options.json) await write(io.stderr, `portman: ${message}\n`);
      }
    }
  });
  if (options.json) await write(io.stdout, `${JSON.stringify(outcomes, null, 2)}\n`);
  return status;
}

function describe({ port, processes, signal }: KillOutcome, isDryRun: boolean): string {
  const what = isDryRun ? 'would stop' : 'stopped';
  const how = signal === 'SIGKILL' ? ' (SIGKILL)' : '';
  return processes
    .map(
      ({ pid, name, uid, command }) =>
        `port ${port}: ${what} ${name} (pid ${pid}, user ${userName(uid) ?? '?'})${how}\n` +
        `  ${printable(command)}\n`,
    )
    .join('');
}

/** The command line of another process must not move the cursor. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
