import type { Command } from 'commander';
import { shortId } from '../../core/ids.ts';
import { number } from '../../core/quantity.ts';
import { AppError } from '../../errors.ts';
import type { Filters, FilterValues } from '../../resources/filters.ts';
import { findings } from '../../resources/findings.ts';
import { hosts } from '../../resources/hosts.ts';
import { withIsoTimes } from '../../resources/iso-time.ts';
import { ports } from '../../resources/ports.ts';
import type { Resource } from '../../resources/resource.ts';
import { web } from '../../resources/web.ts';
import { selectHosts } from '../../store/filter.ts';
import { type HostChecks, hostChecks, type ScriptRow } from '../../store/inventory/host-checks.ts';
import { hostHistory, type HostScanRow } from '../../store/inventory/host-history.ts';
import { getHost, type HostRow } from '../../store/inventory/hosts.ts';
import type { StoreDatabase } from '../../store/store.ts';
import { type Io, write } from '../io.ts';
import { integerOption } from '../option-values.ts';
import {
  addOutputOptions,
  formatOf,
  type OutputOptions,
  type Shape,
  writeOne,
  writeRows,
} from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { joinParts, localTime } from '../text.ts';
import { limitedRows, writeList } from '../write-list.ts';

type Options = OutputOptions & StoreOptions & { readonly limit?: number };

export function define(command: Command): void {
  command
    .argument('<host>', 'an address, or a name that a scan recorded')
    .option('--limit <n>', 'at most this many scans of its history', integerOption(1));
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Shows what is known of the host now, then every scan that saw it, newest first. --jsonl and --csv
print only its history.

Examples:
  portolan host 192.168.1.10
  portolan host router.example --json`;

/** Guesses of a host's system, and lines of a script, that are shown; --json has all. */
const shownMatches = 3;
const shownLines = 12;

const historyShape: Shape<HostScanRow> = {
  columns: [
    { title: 'time', value: ({ t }) => t, kind: 'time' },
    { title: 'scan', value: ({ scan }) => shortId(scan) },
    { title: 'state', value: ({ state }) => state },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'open', value: openText },
    { title: 'not shown', value: notShownText },
  ],
  toJson: (row) => withIsoTimes(row, 't'),
  empty: 'No scan has seen it.',
};

export async function run(io: Io, [word]: [string], options: Options): Promise<void> {
  await using app = await openFrom(io, options);
  const { database } = app.store;
  const selection = selectHosts([word]);
  if (!selection || selection.ranges.some(({ first, last }) => first !== last)) {
    throw new AppError('USAGE', `"${word}" is a network: "portolan hosts ${word}" lists its hosts`);
  }
  const host = await getHost(database, selection);
  const history = limitedRows((page) => hostHistory(database, host.id, page), options.limit);
  const format = formatOf(options);
  if (format === 'jsonl' || format === 'csv') {
    return await writeRows(io, options, { rows: history, shape: historyShape });
  }
  const filter = { hosts: selection };
  if (format === 'json') {
    const value = {
      ...hosts.toJson(host),
      ports: await jsonOf(database, ports, filter),
      web: await jsonOf(database, web, filter),
      findings: await jsonOf(database, findings, filter),
      ...(await hostChecks(database, host.id)),
      history: await Array.fromAsync(history),
    };
    return await writeOne(io, options, { text: () => '', json: () => value });
  }
  await write(io.stdout, describe(host));
  await writeList(io, database, { resource: ports, path: 'ports', filter, output: options });
  const { rows: found } = await findings.list(database, filter);
  if (found.length > 0) {
    await write(io.stdout, '\n');
    await writeRows(io, options, { rows: found, shape: findings });
  }
  await write(io.stdout, `${checksText(await hostChecks(database, host.id))}\n`);
  await writeRows(io, options, { rows: history, shape: historyShape });
}

/** One JSON document about a host has at most this many rows per list. */
const most = { limit: 10_000 };

async function jsonOf<Row extends object, F extends Filters>(
  db: StoreDatabase,
  resource: Resource<Row, F>,
  filter: FilterValues<F>,
): Promise<object[]> {
  const { rows } = await resource.list(db, filter, most);
  return rows.map((row) => resource.toJson(row));
}

function describe(host: HostRow): string {
  const about = [host.os_family, host.vendor, host.mac, host.org].filter((part) => part !== null);
  const name = host.hostname === null ? '' : ` (${host.hostname})`;
  return (
    `${host.address}${name}: ${host.state}${host.suspect ? `, suspect: ${host.suspect}` : ''}\n` +
    (about.length > 0 ? `${about.join(', ')}\n` : '') +
    `first seen ${localTime(host.first_seen)}, last up ${localTime(host.last_seen) || 'never'}\n\n`
  );
}

/** Systems, the route and scripts, each only where there are some. */
function checksText({ hops, os_matches: matches, scripts }: HostChecks): string {
  const lines = [
    ...matches
      .slice(0, shownMatches)
      .map((match) => `System  ${match.name} (${(match.accuracy * 100).toFixed(0)}%)`),
    hops.length > 1 ? `Route   ${hops.map(({ address }) => address).join(' → ')}` : '',
    ...scripts.map(scriptText),
  ];
  const text = joinParts(lines, '\n');
  return text === '' ? '' : `\n${text}\n`;
}

/** The output of a script on one line, or indented below its name. */
function scriptText({ transport, port, script, output }: ScriptRow): string {
  // nmap indents what has several lines.
  const text = printable(output)
    .replace(/^\s*\n/, '')
    .trimEnd();
  const lines = text.split('\n').map((line) => line.replace(/^ {2}/, ''));
  const shown = lines.slice(0, shownLines).map((line) => line.trimEnd());
  if (lines.length > shownLines) shown.push(`… (${number(lines.length - shownLines)} more lines)`);
  const place = port === null ? 'host' : `${port}/${transport}`;
  const title = `${place.padEnd(7)} ${script}`;
  return shown.length === 1 ? `${title}: ${shown[0]}` : `${title}:\n  ${shown.join('\n  ')}`;
}

/** Text of a server must not control the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

function openText({ open_ports: open }: HostScanRow): string {
  return open
    .map(({ transport, port }) => (transport === 'tcp' ? `${port}` : `${port}/${transport}`))
    .join(' ');
}

function notShownText({ not_shown: groups }: HostScanRow): string {
  return groups
    .map(
      ({ transport, state, count }) =>
        `${number(count)} ${state}${transport === 'tcp' ? '' : `/${transport}`}`,
    )
    .join(', ');
}
