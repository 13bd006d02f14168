import type { App } from '../app.ts';
import { selectHosts } from '../store/filter.ts';
import { type HostFilter, type HostRow, listHosts } from '../store/inventory/hosts.ts';
import { findJob } from '../store/scans/find-scan.ts';
import { allRows, type Page, type PageRequest } from '../store/keyset.ts';
import { listPorts, type PortFilter, type PortRow } from '../store/inventory/ports.ts';
import { parsePorts } from '../core/ports.ts';
import type { PortState } from '../core/states.ts';
import type { FilterOptions } from './filter-options.ts';
import type { Io } from './io.ts';
import { type OutputOptions, type Shape, writeRows } from './output.ts';
import { isoTime } from '../resources/iso-time.ts';
import { localTime } from './local-time.ts';

/** Rows of a list, all of them or the first `limit`, read page by page as they are written. */
export async function* limitedRows<Row>(
  list: (page: PageRequest) => Promise<Page<Row>>,
  limit: number | undefined,
): AsyncGenerator<Row> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  for await (const row of allRows(list, { limit: Math.min(left, 10_000) })) {
    yield row;
    left -= 1;
    if (left <= 0) return;
  }
}

/** The filters that a list's words and options ask for; a scan's reference becomes its id. */
export async function readFilter(
  app: App,
  words: readonly string[],
  options: FilterOptions,
): Promise<PortFilter> {
  const { port, service, since, state } = options;
  return {
    hosts: selectHosts(words),
    ports: port === undefined ? undefined : parsePorts(port),
    scan:
      options.scan === undefined ? undefined : (await findJob(app.store.database, options.scan)).id,
    service,
    since,
    state: state as PortState | undefined,
  };
}

const stateColors = {
  open: 'green',
  up: 'green',
  closed: 'red',
  down: 'red',
  filtered: 'yellow',
} as Readonly<Record<string, 'green' | 'red' | 'yellow' | undefined>>;

/** A guess from the port's number says so. */
function serviceText({ service, method }: PortRow): string | null {
  if (service === null || service === 'unknown') return null;
  return method === 'port' ? `${service}?` : service;
}

export const portShape: Shape<PortRow> = {
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'hostname', value: ({ hostname }) => hostname },
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'proto', value: ({ transport }) => (transport === 'tcp' ? '' : transport) },
    { title: 'state', value: ({ state }) => state, color: ({ state }) => stateColors[state] },
    {
      title: 'service',
      value: serviceText,
      color: ({ method }) => (method === 'port' ? 'dim' : undefined),
    },
    { title: 'product', value: ({ product }) => product },
    { title: 'version', value: ({ version }) => version },
    { title: 'info', value: ({ title, extra_info: extra }) => title ?? extra, color: () => 'dim' },
  ],
  toJson: (row) => ({
    ...row,
    first_seen: isoTime(row.first_seen),
    last_seen: isoTime(row.last_seen),
  }),
  empty: 'No ports. To find some: portolan scan localhost',
};

const hostShape: Shape<HostRow> = {
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'hostname', value: ({ hostname }) => hostname },
    { title: 'state', value: ({ state }) => state, color: ({ state }) => stateColors[state] },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'open', value: ({ open_ports: open }) => open, align: 'right' },
    { title: 'mac', value: ({ mac }) => mac },
    { title: 'vendor', value: ({ vendor }) => vendor },
    { title: 'os', value: ({ os_family: os }) => os },
    { title: 'suspect', value: ({ suspect }) => suspect, color: () => 'yellow' },
    { title: 'first seen', value: ({ first_seen: at }) => localTime(at) },
    { title: 'last up', value: ({ last_seen: at }) => localTime(at) },
  ],
  toJson: (row) => ({
    ...row,
    first_seen: isoTime(row.first_seen),
    last_seen: isoTime(row.last_seen),
  }),
  empty: 'No hosts. To find some: portolan discover 192.168.1.0/24',
};

/**
 * A list's shape with what is said of no rows: with a filter, the store may be full of others.
 *
 * @param command the command that lists the same without filters
 */
export function filteredShape<Row>(shape: Shape<Row>, filter: object, command: string): Shape<Row> {
  if (Object.values(filter).every((value) => value === undefined)) return shape;
  return { ...shape, empty: `Nothing matches. To see all of them: portolan ${command}` };
}

/** Writes ports in the form that the options ask for. */
export async function writePorts(
  io: Io,
  app: App,
  list: { filter: PortFilter; output: OutputOptions; limit?: number | undefined },
): Promise<void> {
  const rows = limitedRows((page) => listPorts(app.store.database, list.filter, page), list.limit);
  const shape = filteredShape(portShape, list.filter, 'ports');
  await writeRows(io, list.output, { rows, shape });
}

/** Writes hosts in the form that the options ask for. */
export async function writeHosts(
  io: Io,
  app: App,
  list: { filter: HostFilter; output: OutputOptions; limit?: number | undefined },
): Promise<void> {
  const rows = limitedRows((page) => listHosts(app.store.database, list.filter, page), list.limit);
  const shape = filteredShape(hostShape, list.filter, 'hosts');
  await writeRows(io, list.output, { rows, shape });
}
