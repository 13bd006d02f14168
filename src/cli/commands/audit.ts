import type { Command } from 'commander';
import { shortId } from '../../core/ids.ts';
import { type AuditRow, listAudit, verifyAudit } from '../../store/setup/audit.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import { write } from '../io.ts';
import { limitedRows } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import type { CommandEntry, CommandModule } from '../command.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
Every change that a person, a key or a job makes is written down with who, what, before and after.
Each row carries a hash of itself and of the row before, so that what is changed later shows.

Examples:
  portolan audit list --since 7d
  portolan audit verify`,
  );
}

const shape: Shape<AuditRow> = {
  columns: [
    { title: '#', value: ({ seq }) => seq, align: 'right' },
    { title: 'time', value: ({ at }) => localTime(at) },
    { title: 'who', value: ({ actor }) => actor },
    { title: 'action', value: ({ action }) => action },
    { title: 'object', value: (row) => `${row.object_type} ${shortId(row.object_id)}` },
    { title: 'before', value: ({ before }) => brief(before), color: () => 'dim' },
    { title: 'after', value: ({ after }) => brief(after) },
    { title: 'reason', value: ({ reason }) => reason },
  ],
  toJson: (row) => ({ ...row, at: isoTime(row.at) }),
  empty: 'Nothing was changed.',
};

/** Values for a table's cell; --json has them whole. */
function brief(value: unknown): string | null {
  if (value === null) return null;
  const text = JSON.stringify(value);
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

type ListOptions = FilterOptions &
  OutputOptions &
  StoreOptions & { readonly action?: string; readonly actor?: string; readonly object?: string };

const list: CommandModule = {
  define(command) {
    addFilterOptions(command, ['since', 'limit'], { targets: false })
      .option('--action <action>', 'only this action, such as scan.cancelled')
      .option('--actor <name>', 'only what this one did')
      .option('--object <id>', 'only changes of this object; the beginning of its id will do');
    addStoreOption(addOutputOptions(command)).addHelpText(
      'after',
      '\nNewest first.\n\nExamples:\n  portolan audit list --object 019a3b\n' +
        '  portolan audit list --action tenant.add --json',
    );
  },
  async run(io, _, options: ListOptions) {
    await using app = await openFrom(io, options);
    const { action, actor, limit, object, since } = options;
    const filter = { action, actor, object, since };
    const rows = limitedRows((page) => listAudit(app.store.database, filter, page), limit);
    await writeRows(io, options, { rows, shape });
  },
};

const verify: CommandModule = {
  define(command) {
    addStoreOption(command.option('--json', 'print JSON')).addHelpText(
      'after',
      '\nEnds with status 1 where the log was tampered with.\n\nExample:\n  portolan audit verify --json',
    );
  },
  async run(io, _, options: StoreOptions & { readonly json?: boolean }) {
    await using app = await openFrom(io, options);
    const { rows, fault } = await verifyAudit(app.store.database, { signal: io.signal });
    const text = fault
      ? `The audit log does not hold at row ${fault.seq}: ${fault.problem}. ` +
        `${rows} rows before it are whole.`
      : `The audit log is whole: ${rows} rows.`;
    const verdict = { is_whole: fault === undefined, rows, fault: fault ?? null };
    await write(io.stdout, options.json ? `${JSON.stringify(verdict, null, 2)}\n` : `${text}\n`);
    return fault ? 1 : 0;
  },
};

export const commands: readonly CommandEntry[] = [
  { name: 'list', summary: 'list changes', load: () => Promise.resolve(list) },
  {
    name: 'verify',
    summary: 'check that no row of the log was changed, added or removed',
    load: () => Promise.resolve(verify),
  },
];
