import { AppError } from '../../../errors.ts';
import { userName } from '../../../listeners/user-name.ts';
import { type KillOptions, type KillOutcome, killPort } from '../../../portman/kill.ts';
import { parsePortWords } from '../../../portman/port-number.ts';
import { write } from '../../io.ts';
import { integerOption } from '../../option-values.ts';
import { registryCommand } from './registry-command.ts';
import { printable } from './printable.ts';

interface KillCommandOptions extends Pick<KillOptions, 'force' | 'dryRun'> {
  readonly grace?: number;
}

/** Stops the processes that listen on ports, one port after the other. */
export const { define, run } = registryCommand<[string[]], KillCommandOptions>({
  define: (command) =>
    command
      .argument('<ports...>', 'the ports')
      .option('-f, --force', 'also the parents of this shell, and processes of other users')
      .option('--dry-run', 'only show what would be stopped')
      .option(
        '--grace <seconds>',
        'time between SIGTERM and SIGKILL (default: 5)',
        integerOption(0),
      ),
  help:
    '\nStops only the listener on the port, never its clients.\n' +
    '\nExample:\n  portman kill 3000',
  async work(registry, { io, operands: [words], options }) {
    const { force, dryRun = false, grace, json } = options;
    const graceMs = grace === undefined ? undefined : grace * 1000;
    const ports = parsePortWords(words);
    const outcomes: (KillOutcome & { error?: unknown })[] = [];
    let status = 0;
    for (const port of ports) {
      try {
        const { signal } = io;
        const outcome = await killPort(registry, port, { force, dryRun, graceMs, signal });
        outcomes.push(outcome);
        if (!json) await write(io.stdout, describe(outcome, dryRun));
      } catch (error) {
        if (!(error instanceof AppError) || ports.length === 1) throw error;
        // One port that cannot be freed does not stop the others.
        status = error.exitCode;
        const { code, message } = error;
        outcomes.push({ port, processes: [], signal: undefined, error: { code, message } });
        if (!json) await write(io.stderr, `portman: ${message}\n`);
      }
    }
    return { json: outcomes, indent: 2, status };
  },
});

function describe({ port, processes, signal }: KillOutcome, isDryRun: boolean): string {
  const what = isDryRun ? 'would stop' : 'stopped';
  const how = signal === 'SIGKILL' ? ' (SIGKILL)' : '';
  const lines = processes.map(
    ({ pid, name, uid, command }) =>
      `port ${port}: ${what} ${name} (pid ${pid}, user ${userName(uid) ?? '?'})${how}\n` +
      `  ${printable(command)}\n`,
  );
  return lines.join('');
}
