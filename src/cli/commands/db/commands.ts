import { type CommandEntry, entry } from '../../command.ts';

/** Every verb of `portolan db`, in the order of its help. */
export const dbCommands: readonly CommandEntry[] = [
  entry('status', 'show version, size and tenants of the store', () =>
    import('./status.ts').then(({ status }) => status),
  ),
  entry('migrate', 'create the store, or migrate its tables', () =>
    import('./migrate.ts').then(({ migrate }) => migrate),
  ),
  entry('check', 'check the store for problems, and repair some', () => import('./check.ts')),
  entry('stats', 'show sizes, growth and use of tables and indexes', () =>
    import('./stats.ts').then(({ stats }) => stats),
  ),
  entry('vacuum', 'free disk space, renew statistics and summaries', () =>
    import('./vacuum.ts').then(({ vacuum }) => vacuum),
  ),
  entry('backup', 'write the whole store to a new file', () =>
    import('./backup.ts').then(({ backup }) => backup),
  ),
  entry('restore', 'restore an empty store from a backup', () =>
    import('./restore.ts').then(({ restore }) => restore),
  ),
  entry('prune', 'remove the results of old scans', () =>
    import('./prune.ts').then(({ prune }) => prune),
  ),
  entry('archive', 'move old scans from the store to Parquet files', () => import('./archive.ts')),
  entry('copy', 'copy a store to another one, of either kind', () => import('./copy.ts')),
];
