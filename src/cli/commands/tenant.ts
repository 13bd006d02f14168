import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { withIsoTimes } from '../../resources/iso-time.ts';
import {
  addTenant,
  listTenants,
  removeTenant,
  renameTenant,
  type TenantRow,
} from '../../store/setup/tenants.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { write } from '../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A PostgreSQL store isolates tenants: none sees the rows of another. Commands work for the tenant that
--tenant or PORTOLAN_TENANT names, or else for "default".

Examples:
  portolan tenant add harbour --db postgres://db.example/portolan
  portolan scan 10.0.0.0/24 --tenant harbour --db postgres://db.example/portolan`,
  );
}

const list: CommandModule = {
  define(command) {
    addStoreOption(addOutputOptions(command)).addHelpText(
      'after',
      '\nExample:\n  portolan tenant list --json',
    );
  },
  async run(io, _, options: OutputOptions & StoreOptions) {
    await using app = await openFrom(io, options);
    const rows = await listTenants(app.store);
    await writeRows<TenantRow>(io, options, {
      rows,
      shape: {
        columns: [
          { title: 'tenant', value: ({ name }) => name },
          { title: 'scans', value: ({ scans }) => scans, align: 'right' },
          { title: 'hosts', value: ({ hosts }) => hosts, align: 'right' },
          { title: 'since', value: ({ created_at: at }) => at || null, kind: 'time' },
          { title: 'added by', value: ({ created_by: by }) => by },
          { title: 'id', value: ({ id }) => id, tone: () => 'muted' },
        ],
        toJson: (row) => withIsoTimes(row, 'created_at'),
        empty: '',
      },
    });
  },
};

const add: CommandModule = {
  define(command) {
    addStoreOption(command.argument('<name>', 'letters, digits, ".", "_" and "-"')).addHelpText(
      'after',
      '\nExample:\n  portolan tenant add harbour',
    );
  },
  async run(io, [tenant]: [string], options: StoreOptions) {
    await using app = await openFrom(io, options, true);
    const id = await addTenant(app.store, tenant);
    await write(io.stdout, `added tenant ${tenant} (${id})\n`);
  },
};

const rename: CommandModule = {
  define(command) {
    command.argument('<name>', 'its name').argument('<new-name>', 'its new name');
    addStoreOption(command).addHelpText(
      'after',
      '\nExample:\n  portolan tenant rename harbour port-authority',
    );
  },
  async run(io, [from, to]: [string, string], options: StoreOptions) {
    await using app = await openFrom(io, options);
    await renameTenant(app.store, from, to);
    await write(io.stdout, `tenant ${from} is now ${to}\n`);
  },
};

const remove: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'its name')
      .option('-y, --yes', 'confirm: its data cannot be restored');
    addStoreOption(command).addHelpText(
      'after',
      '\nRemoves a tenant with its scans, hosts and audit log.\n\n' +
        'Example:\n  portolan tenant remove harbour --yes',
    );
  },
  async run(io, [tenant]: [string], options: StoreOptions & { readonly yes?: boolean }) {
    await using app = await openFrom(io, options);
    if (!options.yes) {
      const row = (await listTenants(app.store)).find(({ name }) => name === tenant);
      const holds = row ? ` (${row.scans} scans, ${row.hosts} hosts)` : '';
      throw new AppError(
        'CONFIRMATION_NEEDED',
        `tenant ${tenant}${holds} would be removed permanently: pass --yes to confirm`,
      );
    }
    await removeTenant(app.store, tenant);
    await write(io.stdout, `removed tenant ${tenant}\n`);
  },
};

export const commands: readonly CommandEntry[] = [
  entry('list', 'list tenants', () => list),
  entry('add', 'add a tenant', () => add),
  entry('rename', 'rename a tenant', () => rename),
  entry('remove', 'remove a tenant and all its data', () => remove),
];
