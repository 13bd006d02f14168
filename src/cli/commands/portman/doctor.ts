import { examine } from '../../../portman/doctor.ts';
import { registryTable } from './registry-command.ts';

/** Checks the registry's file, rebuilds it without gaps and renews its statistics. */
export const { define, run } = registryTable({
  define: (command) =>
    command.option('--prune', 'also delete history older than a year and scans older than a week'),
  help: '\nExits with 1 if a check fails.\n\nExample:\n  portman doctor',
  async work(registry, { options }: { readonly options: { readonly prune?: boolean } }) {
    const rows = await examine(registry, options);
    return { rows, status: rows.every(({ ok }) => ok) ? 0 : 1 };
  },
  columns: [
    { title: 'check', value: ({ name }) => name },
    {
      title: 'result',
      value: ({ ok }) => (ok ? 'ok' : 'failed'),
      tone: ({ ok }) => (ok ? 'good' : 'bad'),
    },
    { title: 'detail', value: ({ detail }) => (detail === 'ok' ? '' : detail) },
  ],
});
