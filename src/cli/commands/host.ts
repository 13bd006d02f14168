import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { selectHosts } from '../../store/filter.ts';
import { hostHistory, type HostScanRow } from '../../store/host-history.ts';
import { getHost, type HostRow } from '../../store/hosts.ts';
import { listPorts } from '../../store/ports.ts';
import { listWeb } from '../../store/web.ts';
import { type Io, write } from '../io.ts';
import { limitedRows, writePorts } from '../lists.ts';
import { formatOf, type OutputOptions, type Shape, withOutput, writeRows } from '../output.ts';
import { addOutputOptions } from '../output.ts';
import { wholeFrom } from '../scan-options.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime, localTime, number } from '../text.ts';

type Options = OutputOptions & StoreOptions & { readonly limit?: number };

export function define(command: Command): void {
  command
    .argument('<host>', 'an address, or a name that a scan recorded')
    .option('--limit <n>', 'at most so many scans of its history', wholeFrom(1));
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
What is known of the host now, then every scan that saw it, newest first. With --jsonl and --csv:
its history alone.

Examples:
  portolan host 192.168.1.10
  portolan host router.example --json`;

const historyShape: Shape<HostScanRow> = {
  columns: [
    { title: 'time', value: ({ t }) => localTime(t) },
    { title: 'scan', value: ({ scan }) => scan.slice(0, 13) },
    { title: 'state', value: ({ state }) => state },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'open', value: openText },
    { title: 'not shown', value: notShownText },
  ],
  toJson: (row) => ({ ...row, t: isoTime(row.t) }),
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
  if (format === 'json') {
    const value = {
      ...host,
      first_seen: isoTime(host.first_seen),
      last_seen: isoTime(host.last_seen),
      ports: (await listPorts(database, { hosts: selection }, { limit: 10_000 })).rows,
      web: (await listWeb(database, { hosts: selection })).rows,
      history: await Array.fromAsync(history),
    };
    return await withOutput(io, options, (stream) =>
      write(stream, `${JSON.stringify(value, null, 2)}\n`),
    );
  }
  await write(io.stdout, describe(host));
  await writePorts(io, app, { filter: { hosts: selection }, output: options });
  await write(io.stdout, '\n');
  await writeRows(io, options, { rows: history, shape: historyShape });
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

function openText({ open_ports: ports }: HostScanRow): string {
  return ports
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
