import type { CommandEntry, Program } from '../../command.ts';
import { withJsonErrors } from './json-errors.ts';

/** Every command of the port registry, in the order of `portman --help`. */
export const portCommands: readonly CommandEntry[] = withJsonErrors([
  {
    name: 'check',
    summary: 'tell whether a port is free, whose it is, who listens',
    load: () => import('./check.ts'),
  },
  {
    name: 'request',
    summary: 'reserve so many free ports and print them',
    load: () => import('./request.ts'),
  },
  { name: 'reserve', summary: 'reserve ports', load: () => import('./reserve.ts') },
  { name: 'release', summary: 'give reservations up', load: () => import('./release.ts') },
  {
    name: 'list',
    summary: 'list reservations with who listens on them',
    load: () => import('./list.ts'),
  },
  {
    name: 'scan',
    summary: 'list who listens on this machine',
    load: () => import('./scan.ts'),
  },
  {
    name: 'kill',
    summary: 'end what listens on ports',
    load: () => import('./kill.ts'),
  },
  {
    name: 'history',
    summary: 'show what happened to ports',
    load: () => import('./history.ts'),
  },
  {
    name: 'stale',
    summary: 'list or release forgotten reservations',
    load: () => import('./stale.ts'),
  },
  {
    name: 'projects',
    summary: 'list the projects that have ports',
    load: () => import('./projects.ts'),
  },
  {
    name: 'run',
    summary: 'reserve a port, run a program with it, release it',
    load: () => import('./run.ts'),
  },
  {
    name: 'up',
    summary: 'reserve every port that .portkeeper.json names',
    load: async () => (await import('./project.ts')).up,
  },
  {
    name: 'down',
    summary: 'release what "up" reserved',
    load: async () => (await import('./project.ts')).down,
  },
  {
    name: 'watch',
    summary: 'show reserved ports as they change',
    load: () => import('./watch.ts'),
  },
  {
    name: 'mcp',
    summary: 'serve the registry to a coding agent',
    load: () => import('./mcp.ts'),
  },
  {
    name: 'export',
    summary: 'write the reservations to a file',
    load: () => import('./export.ts'),
  },
  { name: 'import', summary: 'take an export in', load: () => import('./import.ts') },
  {
    name: 'config',
    summary: 'settings, and saved states of the registry',
    load: () => import('./config.ts'),
  },
  { name: 'backup', summary: 'copy the registry’s file', load: () => import('./backup.ts') },
  {
    name: 'doctor',
    summary: 'check and tidy the registry’s file',
    load: () => import('./doctor.ts'),
  },
]);

const completion: readonly CommandEntry[] = [
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('../../completion-commands.ts')).completionCommand(portman),
  },
  {
    name: 'complete',
    summary: 'print suggestions for the words so far, for the completion scripts',
    isHidden: true,
    load: async () => (await import('../../completion-commands.ts')).completeCommand(portman),
  },
];

/** The program `portman`. */
export const portman: Program = {
  name: 'portman',
  description: 'The registry of local ports: which belongs to which project, and which is free.',
  commands: [...portCommands, ...completion],
  overview: async () => (await import('./overview.ts')).overview,
};
