import type { Command } from 'commander';
import type { StoreState, StoreStatus } from '../../../store/maintenance/status.ts';
import { type Io, write } from '../../io.ts';
import { bytes, count } from '../../../core/quantity.ts';
import { addKeeperOptions, asJsonOr, adminFrom, type AdminOptions } from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command).addHelpText('after', examples);
}

const examples = `
Changes nothing. Ends with 0 where the store is up to date, 1 where "portolan db migrate" has
something to do (or there is no store yet), 65 where it was made by a newer Portolan, or by
migrations that are not these.

Examples:
  portolan db status
  portolan db status --db postgres://portolan@db.example/portolan --json`;

const exits: Readonly<Record<StoreState, number>> = {
  current: 0,
  missing: 1,
  empty: 1,
  older: 1,
  newer: 65,
  edited: 65,
};

const meanings: Readonly<Record<StoreState, string>> = {
  current: 'up to date',
  missing: 'there is none yet',
  empty: 'empty, without tables',
  older: 'made by an older Portolan',
  newer: 'made by a newer Portolan',
  edited: 'made with other migrations',
};

export async function run(
  io: Io,
  _: readonly unknown[],
  options: AdminOptions & { readonly json?: boolean },
): Promise<number> {
  await using admin = await adminFrom(io, options);
  const status = await admin.status();
  await write(io.stdout, asJsonOr(options.json, status, textOf(status)));
  return exits[status.state];
}

function textOf(status: StoreStatus): string {
  const { location, engine, state, version, latest, pending, problem } = status;
  const lines = [
    ['store', location],
    ['engine', engine],
    ['state', meanings[state]],
    ['migration', version === latest ? `${version}` : `${version} (this program: ${latest})`],
    ...pending.map((step) => ['pending', `${step.version} ${step.description}`]),
    ['size', bytes(status.bytes)],
    ['scans', count(status.scans, 'scan')],
    ['tenants', status.tenants.join(', ')],
    ['problem', problem ?? ''],
  ];
  return lines
    .filter(([, value]) => value !== '')
    .map(([title, value]) => `${title!.padEnd(10)} ${value}\n`)
    .join('');
}
