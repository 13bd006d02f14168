import type { CommandEntry, Program } from './command.ts';
import { listEntry } from './list-entry.ts';

/** Every command, in the order of `portolan --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'scan',
    summary: 'scan hosts for open ports and services',
    load: () => import('./commands/scan.ts'),
  },
  {
    name: 'discover',
    summary: 'find hosts that are up',
    load: () => import('./commands/discover.ts'),
  },
  {
    name: 'resume',
    summary: 'resume a stopped or killed scan',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'demo',
    summary: 'start a few demo servers, scan them and show the results',
    load: () => import('./commands/demo.ts'),
  },
  listEntry('scans'),
  {
    name: 'show',
    summary: 'show one scan',
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'wait',
    summary: 'wait for a scan to end',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'cancel',
    summary: 'cancel a scan, wherever it runs',
    load: async () => (await import('./commands/scan-actions.ts')).cancel,
  },
  {
    name: 'pause',
    summary: 'pause a running scan',
    load: async () => (await import('./commands/scan-actions.ts')).pause,
  },
  {
    name: 'retry',
    summary: 'queue a failed or cancelled scan again',
    load: async () => (await import('./commands/scan-actions.ts')).retry,
  },
  {
    name: 'remove',
    summary: 'remove a scan and its results',
    load: async () => (await import('./commands/scan-actions.ts')).remove,
  },
  {
    name: 'worker',
    summary: 'run queued scans',
    load: () => import('./commands/worker.ts'),
  },
  listEntry('workers'),
  listEntry('hosts'),
  {
    name: 'host',
    summary: 'show one host and its history',
    load: () => import('./commands/host.ts'),
  },
  listEntry('ports'),
  listEntry('web'),
  listEntry('certs'),
  listEntry('findings'),
  listEntry('errors'),
  {
    name: 'import',
    summary: 'import scan results',
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'export',
    summary: 'export results as JSON Lines, JSON, CSV, Parquet or SQLite',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'query',
    summary: 'query the store in SQL or run a saved query',
    load: () => import('./commands/query.ts'),
  },
  {
    name: 'target',
    summary: 'manage named targets with their ports, exclusions and limits',
    load: () => import('./commands/target.ts'),
  },
  {
    name: 'exclusion',
    summary: 'manage what is never scanned',
    load: () => import('./commands/exclusion.ts'),
  },
  {
    name: 'profile',
    summary: 'manage scan profiles: built-in ones and your own',
    load: () => import('./commands/profile.ts'),
  },
  {
    name: 'schedule',
    summary: 'manage schedules of scans, and run them',
    load: () => import('./commands/schedule.ts'),
  },
  {
    name: 'tenant',
    summary: 'manage the tenants of a PostgreSQL store',
    load: () => import('./commands/tenant.ts'),
  },
  {
    name: 'audit',
    summary: 'list who changed what, and verify the log',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'db',
    summary: 'maintain the store: migrate, check, back up, prune, copy',
    load: () => import('./commands/db/db.ts'),
  },
  {
    name: 'portman',
    summary: 'reserve local ports, list and stop listeners (also the program "portman")',
    load: () => import('./commands/portman/portman.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('./completion-commands.ts')).completionCommand(portolan),
  },
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
