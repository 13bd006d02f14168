import { examine } from '../../../portman/doctor.ts';
import { type RegistryWork, registryTable } from './registry-command.ts';

/** Checks the registry's file, rebuilds it without gaps and renews its statistics. */
export const doctor = registryTable({
  define: (command) =>
    command.option('--prune', 'also delete history older than a year and scans older than a week'),
  help: '\nExits with 1 if a check fails.\n\nExample:\n  portman doctor',
  rows: (registry, { options }: RegistryWork<[], { readonly prune?: boolean }>) =>
    examine(registry, { prune: options.prune ?? false }),
  columns: [
    { title: 'check', value: ({ name }) => name },
    {
      title: 'result',
      value: ({ ok }) => (ok ? 'ok' : 'failed'),
      tone: ({ ok }) => (ok ? 'good' : 'bad'),
    },
    { title: 'detail', value: ({ detail }) => (detail === 'ok' ? '' : detail) },
  ],
  statusOf: (rows) => (rows.every(({ ok }) => ok) ? 0 : 1),
});
