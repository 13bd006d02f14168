import type { Command } from 'commander';
import { shortId } from '../../core/ids.ts';
import { type ErrorRow, listErrors } from '../../store/inventory/errors.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { filteredShape, limitedRows, readFilter } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  addFilterOptions(command, ['scan', 'since', 'limit'], { targets: false }).option(
    '--code <code>',
    'only errors with this code, such as ECONNRESET',
  );
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
What went wrong: ports that broke off a conversation, bad lines of imported files, names that do
not resolve.

Examples:
  portolan errors --scan last
  portolan errors --code ECONNRESET --since 1d --csv`;

const shape: Shape<ErrorRow> = {
  columns: [
    { title: 'time', value: ({ at }) => localTime(at) },
    { title: 'scan', value: ({ scan }) => shortId(scan) },
    { title: 'scope', value: ({ scope }) => scope },
    { title: 'code', value: ({ code }) => code, color: () => 'yellow' },
    { title: 'message', value: ({ message }) => message },
  ],
  toJson: (row) => ({ ...row, at: isoTime(row.at) }),
  empty: 'No errors.',
};

export async function run(
  io: Io,
  _operands: [],
  options: FilterOptions & OutputOptions & StoreOptions & { readonly code?: string },
): Promise<void> {
  await using app = await openFrom(io, options);
  const { scan, since } = await readFilter(app, [], options);
  const filter = { scan, since, code: options.code };
  const rows = limitedRows((page) => listErrors(app.store.database, filter, page), options.limit);
  const list = filteredShape(shape, filter, 'errors');
  await writeRows(io, options, { rows, shape: list });
}
