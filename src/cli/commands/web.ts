import type { Command } from 'commander';
import { listWeb, type WebRow } from '../../store/inventory/web.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { filteredShape, limitedRows, readFilter } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  addFilterOptions(command, ['port', 'scan', 'since', 'limit']);
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Examples:
  portolan web
  portolan web 10.0.0.0/24 --port 443
  portolan web --scan last --jsonl`;

export const webShape: Shape<WebRow> = {
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'url', value: ({ url }) => url },
    {
      title: 'status',
      value: ({ status }) => status,
      align: 'right',
      color: ({ status }) => (status < 300 ? 'green' : status < 400 ? 'cyan' : 'yellow'),
    },
    { title: 'title', value: ({ title, location }) => title ?? (location && `→ ${location}`) },
    { title: 'server', value: ({ server }) => server },
    { title: 'h2', value: ({ h2 }) => (h2 ? 'h2' : '') },
    { title: 'tls', value: ({ tls_version: version }) => version },
    { title: 'technologies', value: ({ tech_tags: tags }) => tags.join(', ') },
    { title: 'seen', value: ({ seen }) => localTime(seen) },
  ],
  toJson: (row) => ({ ...row, seen: isoTime(row.seen) }),
  empty: 'No web pages. To find some: portolan scan localhost',
};

export async function run(
  io: Io,
  [words]: [string[]],
  options: FilterOptions & OutputOptions & StoreOptions,
): Promise<void> {
  await using app = await openFrom(io, options);
  const filter = await readFilter(app, words, options);
  const rows = limitedRows((page) => listWeb(app.store.database, filter, page), options.limit);
  const shape = filteredShape(webShape, filter, 'web');
  await writeRows(io, options, { rows, shape });
}
