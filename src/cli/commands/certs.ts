import type { Command } from 'commander';
import { type CertificateRow, listCertificates } from '../../store/inventory/certificates.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { filteredShape, limitedRows, readFilter } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { integerOption } from '../option-values.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { hostPort } from '../../core/scope.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

const dayMs = 86_400_000;

export function define(command: Command): void {
  addFilterOptions(command, ['scan', 'since', 'limit']).option(
    '--expiring <days>',
    'only those that expire within so many days, or have expired',
    integerOption(0),
  );
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Certificates that servers present as their own, those that expire first at the top.

Examples:
  portolan certs
  portolan certs --expiring 30
  portolan certs 10.0.0.0/24 --json`;

export const certificateShape: Shape<CertificateRow> = {
  columns: [
    { title: 'expires', value: (row) => localTime(row.not_after), color: expiryColor },
    { title: 'subject', value: ({ subject }) => subject },
    { title: 'issuer', value: (row) => (row.is_self_signed ? '(self-signed)' : row.issuer) },
    { title: 'names', value: ({ names }) => names.join(', ') },
    { title: 'key', value: ({ key_type: type, key_bits: bits }) => [type, bits].join(' ').trim() },
    { title: 'seen at', value: ({ address, port }) => hostPort(address, port) },
    { title: 'ports', value: ({ seen_at: count }) => count, align: 'right' },
  ],
  toJson: ({ address, port, ...row }) => ({
    ...row,
    place: hostPort(address, port),
    not_before: isoTime(row.not_before),
    not_after: isoTime(row.not_after),
    first_seen: isoTime(row.first_seen),
    last_seen: isoTime(row.last_seen),
  }),
  empty: 'No certificates. To find some: portolan scan localhost',
};

function expiryColor({ not_after: at }: CertificateRow): 'red' | 'yellow' | undefined {
  if (at < Date.now()) return 'red';
  return at < Date.now() + 30 * dayMs ? 'yellow' : undefined;
}

export async function run(
  io: Io,
  [words]: [string[]],
  options: FilterOptions & OutputOptions & StoreOptions & { readonly expiring?: number },
): Promise<void> {
  await using app = await openFrom(io, options);
  const { expiring } = options;
  const filter = {
    ...(await readFilter(app, words, options)),
    expiresBefore: expiring === undefined ? undefined : Date.now() + expiring * dayMs,
  };
  const rows = limitedRows(
    (page) => listCertificates(app.store.database, filter, page),
    options.limit,
  );
  const shape = filteredShape(certificateShape, filter, 'certs');
  await writeRows(io, options, { rows, shape });
}
