import type { CommandEntry } from '../../command.ts';

/** Every verb of `portolan db`, in the order of its help. */
export const dbCommands: readonly CommandEntry[] = [
  {
    name: 'status',
    summary: 'show version, size and tenants of the store',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'migrate',
    summary: 'create the store, or migrate its tables',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  {
    name: 'check',
    summary: 'check the store for problems, and repair some',
    load: () => import('./check.ts'),
  },
  {
    name: 'stats',
    summary: 'show sizes, growth and use of tables and indexes',
    load: async () => (await import('./stats.ts')).stats,
  },
  {
    name: 'vacuum',
    summary: 'free disk space, renew statistics and summaries',
    load: async () => (await import('./vacuum.ts')).vacuum,
  },
  {
    name: 'backup',
    summary: 'write the whole store to a new file',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'restore an empty store from a backup',
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    name: 'prune',
    summary: 'remove the results of old scans',
    load: async () => (await import('./prune.ts')).prune,
  },
  {
    name: 'archive',
    summary: 'move old scans from the store to Parquet files',
    load: () => import('./archive.ts'),
  },
  {
    name: 'copy',
    summary: 'copy a store to another one, of either kind',
    load: () => import('./copy.ts'),
  },
];
