import type { CommandEntry, Program } from './command.ts';
import { listEntry } from './list-entry.ts';

/** Every command, in the order of `portolan --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'scan',
    summary: 'find hosts, open ports and what runs on them',
    load: () => import('./commands/scan.ts'),
  },
  {
    name: 'discover',
    summary: 'find out which hosts are up',
    load: () => import('./commands/discover.ts'),
  },
  {
    name: 'resume',
    summary: 'go on with a scan that was stopped or killed',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'demo',
    summary: 'scan a few servers that it starts itself, and show what one sees',
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
    summary: 'wait until a scan has ended',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'cancel',
    summary: 'end a scan, wherever it runs',
    load: async () => (await import('./commands/scan-actions.ts')).cancel,
  },
  {
    name: 'pause',
    summary: 'stop a running scan, to be resumed later',
    load: async () => (await import('./commands/scan-actions.ts')).pause,
  },
  {
    name: 'retry',
    summary: 'queue a scan again that failed or was cancelled',
    load: async () => (await import('./commands/scan-actions.ts')).retry,
  },
  {
    name: 'remove',
    summary: 'remove a scan with all that it found',
    load: async () => (await import('./commands/scan-actions.ts')).remove,
  },
  {
    name: 'worker',
    summary: 'make scans that were left to workers',
    load: () => import('./commands/worker.ts'),
  },
  listEntry('workers'),
  listEntry('hosts'),
  {
    name: 'host',
    summary: 'show all that is known of one host, and its history',
    load: () => import('./commands/host.ts'),
  },
  listEntry('ports'),
  listEntry('web'),
  listEntry('certs'),
  listEntry('findings'),
  listEntry('errors'),
  {
    name: 'import',
    summary: 'take in a file of results',
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'export',
    summary: 'write results as JSON Lines, JSON, CSV, Parquet or SQLite',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'query',
    summary: 'query the store in SQL or run a saved query',
    load: () => import('./commands/query.ts'),
  },
  {
    name: 'target',
    summary: 'name networks to scan, with their ports, exclusions and limits',
    load: () => import('./commands/target.ts'),
  },
  {
    name: 'exclusion',
    summary: 'say what is never scanned',
    load: () => import('./commands/exclusion.ts'),
  },
  {
    name: 'profile',
    summary: 'ways to scan, by name: those that come with it and your own',
    load: () => import('./commands/profile.ts'),
  },
  {
    name: 'schedule',
    summary: 'scan targets at set times',
    load: () => import('./commands/schedule.ts'),
  },
  {
    name: 'tenant',
    summary: 'add, list, rename and remove tenants of a PostgreSQL store',
    load: () => import('./commands/tenant.ts'),
  },
  {
    name: 'audit',
    summary: 'show who changed what, and check that the record is whole',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'db',
    summary: 'look after the store: upgrade, check, back up, prune, copy',
    load: () => import('./commands/db/db.ts'),
  },
  {
    name: 'portman',
    summary: 'reserve local ports, see and end who listens (also a program of its own)',
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
  description: 'The scan database: scan, or take results in, and ask questions about them.',
  commands,
  overview: async (io) => (await import('./overview.ts')).overview(io),
};
