import type { Command } from 'commander';
import { verifyAudit } from '../../store/setup/audit.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { write } from '../io.ts';
import { listEntry } from '../list-entry.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
The log has every change by a person, a key or a job: who, what, before and after. Each row carries a
hash of itself and of the row before it, so that tampering shows.

Examples:
  portolan audit list --since 7d
  portolan audit verify`,
  );
}

const verify: CommandModule = {
  define(command) {
    addStoreOption(command.option('--json', 'print JSON')).addHelpText(
      'after',
      '\nExits with 1 if the log was tampered with.\n\nExample:\n  portolan audit verify --json',
    );
  },
  async run(io, _, options: StoreOptions & { readonly json?: boolean }) {
    await using app = await openFrom(io, options);
    const { rows, fault } = await verifyAudit(app.store.database, { signal: io.signal });
    const text = fault
      ? `The audit log is broken at row ${fault.seq}: ${fault.problem}. ` +
        `The ${rows} rows before it are intact.`
      : `Audit log verified: ${rows} rows; no problems found.`;
    const verdict = { is_whole: fault === undefined, rows, fault: fault ?? null };
    await write(io.stdout, options.json ? `${JSON.stringify(verdict, null, 2)}\n` : `${text}\n`);
    return fault ? 1 : 0;
  },
};

export const commands: readonly CommandEntry[] = [
  listEntry('audit', 'audit list'),
  entry('verify', 'verify that no row of the log was changed, added or removed', () => verify),
];
