import type { CommandEntry } from '../../command.ts';

/** Every verb of `portolan db`, in the order of its help. */
export const dbCommands: readonly CommandEntry[] = [
  {
    name: 'status',
    summary: 'tell version, size and tenants of the store',
    load: () => import('./status.ts'),
  },
  {
    name: 'migrate',
    summary: 'make the store, or bring its tables up to date',
    load: () => import('./migrate.ts'),
  },
  {
    name: 'check',
    summary: 'look for what is wrong, and mend what can be mended',
    load: () => import('./check.ts'),
  },
  {
    name: 'stats',
    summary: 'show sizes, growth and use of tables and indexes',
    load: () => import('./stats.ts'),
  },
  {
    name: 'vacuum',
    summary: 'give room back, renew statistics and summaries',
    load: () => import('./vacuum.ts'),
  },
  {
    name: 'backup',
    summary: 'write the whole store into a new file',
    load: () => import('./backup.ts'),
  },
  {
    name: 'restore',
    summary: 'fill an empty store from a backup',
    load: () => import('./restore.ts'),
  },
  {
    name: 'prune',
    summary: 'remove what old scans saw',
    load: () => import('./prune.ts'),
  },
  {
    name: 'archive',
    summary: 'write old scans into Parquet files, and take them out of the store',
    load: () => import('./archive.ts'),
  },
  {
    name: 'copy',
    summary: 'copy a store into another one, also of the other kind',
    load: () => import('./copy.ts'),
  },
];
