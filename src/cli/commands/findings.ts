import { type Command, Option } from 'commander';
import { type Severity, severities } from '../../core/states.ts';
import { type FindingRow, listFindings } from '../../store/inventory/findings.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { limitedRows, readFilter } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

type Options = FilterOptions &
  OutputOptions &
  StoreOptions & { readonly severity?: Severity; readonly cve?: string };

export function define(command: Command): void {
  addFilterOptions(command, ['port', 'scan', 'since', 'limit'])
    .addOption(
      new Option('--severity <least>', 'this severity and those above it').choices(severities),
    )
    .option('--cve <id>', 'only findings of this CVE');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
What checks such as nuclei's have found, the severest first; "portolan import" takes them in.

Examples:
  portolan findings
  portolan findings --severity high 10.0.0.0/24
  portolan findings --cve CVE-2021-44228 --json`;

const severityColors = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
} as Readonly<Record<string, 'red' | 'yellow' | 'cyan' | undefined>>;

export const findingShape: Shape<FindingRow> = {
  columns: [
    {
      title: 'severity',
      value: ({ severity }) => severity,
      color: ({ severity }) => severityColors[severity],
    },
    { title: 'address', value: ({ address }) => address },
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'rule', value: ({ rule, matcher }) => (matcher ? `${rule}:${matcher}` : rule) },
    { title: 'name', value: ({ name }) => name },
    { title: 'matched at', value: ({ matched_at: place }) => place },
    { title: 'cve', value: ({ cve }) => cve.join(' ') },
    { title: 'cvss', value: ({ cvss }) => cvss, align: 'right' },
    { title: 'seen', value: ({ seen }) => localTime(seen) },
  ],
  toJson: (row) => ({ ...row, seen: isoTime(row.seen) }),
  empty: 'No findings. To take some in: portolan import nuclei.jsonl',
};

export async function run(io: Io, [words]: [string[]], options: Options): Promise<void> {
  await using app = await openFrom(io, options);
  const { cve, severity } = options;
  const filter = { ...(await readFilter(app, words, options)), cve, severity };
  const rows = limitedRows((page) => listFindings(app.store.database, filter, page), options.limit);
  await writeRows(io, options, { rows, shape: findingShape });
}
