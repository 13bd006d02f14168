import type { Command } from 'commander';
import { dbCommands } from './commands.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    '\nEach works on a SQLite file or a PostgreSQL database: --db, or PORTOLAN_DB.\n' +
      '\nExamples:\n  portolan db status\n  portolan db backup monday.db\n' +
      '  portolan db prune --older-than 90d',
  );
}

export const commands = dbCommands;
