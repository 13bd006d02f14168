import { type CommandEntry, entry, type Program } from './command.ts';
import { listEntry } from './list-entry.ts';

/** Every command, in the order of `portolan --help`. */
export const commands: readonly CommandEntry[] = [
  entry('scan', 'scan hosts for open ports and services', () => import('./commands/scan.ts')),
  entry('discover', 'find hosts that are up', () => import('./commands/discover.ts')),
  entry('resume', 'resume a stopped or killed scan', () => import('./commands/resume.ts')),
  entry(
    'demo',
    'start a few demo servers, scan them and show the results',
    () => import('./commands/demo.ts'),
  ),
  listEntry('scans'),
  entry('show', 'show one scan', () => import('./commands/show.ts')),
  entry('wait', 'wait for a scan to end', () => import('./commands/wait.ts')),
  entry('cancel', 'cancel a scan, wherever it runs', () =>
    import('./commands/scan-actions.ts').then(({ cancel }) => cancel),
  ),
  entry('pause', 'pause a running scan', () =>
    import('./commands/scan-actions.ts').then(({ pause }) => pause),
  ),
  entry('retry', 'queue a failed or cancelled scan again', () =>
    import('./commands/scan-actions.ts').then(({ retry }) => retry),
  ),
  entry('remove', 'remove a scan and its results', () =>
    import('./commands/scan-actions.ts').then(({ remove }) => remove),
  ),
  entry('worker', 'run queued scans', () => import('./commands/worker.ts')),
  listEntry('workers'),
  listEntry('hosts'),
  entry('host', 'show one host and its history', () => import('./commands/host.ts')),
  listEntry('ports'),
  listEntry('web'),
  listEntry('certs'),
  listEntry('findings'),
  listEntry('errors'),
  entry('import', 'import scan results', () => import('./commands/import.ts')),
  entry(
    'export',
    'export results as JSON Lines, JSON, CSV, Parquet or SQLite',
    () => import('./commands/export.ts'),
  ),
  entry(
    'query',
    'query the store in SQL or run a saved query',
    () => import('./commands/query.ts'),
  ),
  entry(
    'target',
    'manage named targets with their ports, exclusions and limits',
    () => import('./commands/target.ts'),
  ),
  entry('exclusion', 'manage what is never scanned', () => import('./commands/exclusion.ts')),
  entry(
    'profile',
    'manage scan profiles: built-in ones and your own',
    () => import('./commands/profile.ts'),
  ),
  entry(
    'schedule',
    'manage schedules of scans, and run them',
    () => import('./commands/schedule.ts'),
  ),
  entry('tenant', 'manage the tenants of a PostgreSQL store', () => import('./commands/tenant.ts')),
  entry('audit', 'list who changed what, and verify the log', () => import('./commands/audit.ts')),
  entry(
    'db',
    'maintain the store: migrate, check, back up, prune, copy',
    () => import('./commands/db/db.ts'),
  ),
  entry(
    'portman',
    'reserve local ports, list and stop listeners (also the program "portman")',
    () => import('./commands/portman/portman.ts'),
  ),
  entry('completion', 'print the completion script of a shell', async () =>
    (await import('./completion-commands.ts')).completionCommand(portolan),
  ),
  {
    name: 'complete',
    summary: 'print suggestions for the words so far, for the completion scripts',
    isHidden: true,
    load: async () => (await import('./completion-commands.ts')).completeCommand(portolan),
  },
];

/** The program `portolan`. */
export const portolan: Program = {
  name: 'portolan',
  description: 'The scan database: run scans or import results, store them, and query them.',
  commands,
  overview: async (io) => (await import('./overview.ts')).overview(io),
};
