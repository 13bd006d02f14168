import type { Command } from 'commander';
import { portCommands } from './commands.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    '\nThe same as the program "portman".\n' +
      '\nExamples:\n  portolan portman list\n  portolan portman request 1 -n shop',
  );
}

export const commands = portCommands;
