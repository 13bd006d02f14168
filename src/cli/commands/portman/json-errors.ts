import { AppError } from '../../../errors.ts';
import { write } from '../../io.ts';
import type { CommandEntry, CommandModule } from '../../command.ts';

/**
 * Commands that, where `--json` is given, print what went wrong as `{"error": {code, message,
 * details}}` to stderr: programs branch on the code, not on the words.
 */
export function withJsonErrors(entries: readonly CommandEntry[]): CommandEntry[] {
  return entries.map((entry) => ({
    ...entry,
    load: async () => {
      const module = await entry.load();
      return 'commands' in module
        ? { ...module, commands: withJsonErrors(module.commands) }
        : { ...module, run: runOf(module) };
    },
  }));
}

function runOf(module: CommandModule): CommandModule['run'] {
  return async (io, operands, options, line) => {
    try {
      return await module.run(io, operands, options, line);
    } catch (error) {
      if (!(error instanceof AppError) || !('json' in options) || !options.json) throw error;
      const { code, message, details } = error;
      await write(io.stderr, `${JSON.stringify({ error: { code, message, details } })}\n`);
      return error.exitCode;
    }
  };
}
