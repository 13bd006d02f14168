import type { CommandEntry, Program } from '../../command.ts';
import { withJsonErrors } from './json-errors.ts';

/** Every command of the port registry, in the order of `portman --help`. */
export const portCommands: readonly CommandEntry[] = withJsonErrors([
  {
    name: 'check',
    summary: 'check whether a port is free, reserved or in use',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'request',
    summary: 'reserve free ports and print them',
    load: () => import('./request.ts'),
  },
  { name: 'reserve', summary: 'reserve ports', load: () => import('./reserve.ts') },
  {
    name: 'release',
    summary: 'release reservations',
    load: async () => (await import('./release.ts')).release,
  },
  {
    name: 'list',
    summary: 'list reservations and their listeners',
    load: () => import('./list.ts'),
  },
  {
    name: 'scan',
    summary: 'list the listeners on this machine',
    load: () => import('./scan.ts'),
  },
  {
    name: 'kill',
    summary: 'stop the listeners on ports',
    load: () => import('./kill.ts'),
  },
  {
    name: 'history',
    summary: 'show the history of ports',
    load: async () => (await import('./history.ts')).history,
  },
  {
    name: 'stale',
    summary: 'list or release forgotten reservations',
    load: () => import('./stale.ts'),
  },
  {
    name: 'projects',
    summary: 'list projects with reservations',
    load: async () => (await import('./projects.ts')).projects,
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
  { name: 'import', summary: 'import an export', load: () => import('./import.ts') },
  {
    name: 'config',
    summary: 'manage settings and saved states of the registry',
    load: () => import('./config.ts'),
  },
  {
    name: 'backup',
    summary: 'back up the registry',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'doctor',
    summary: 'check and compact the registry',
    load: async () => (await import('./doctor.ts')).doctor,
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
  description: 'The registry of local ports: which project has which port, and which are free.',
  commands: [...portCommands, ...completion],
  overview: async () => (await import('./overview.ts')).overview,
};
