import { type CommandEntry, entry, type Program } from '../../command.ts';
import { withJsonErrors } from './json-errors.ts';

/** Every command of the port registry, in the order of `portman --help`. */
export const portCommands: readonly CommandEntry[] = withJsonErrors([
  entry('check', 'check whether a port is free, reserved or in use', () => import('./check.ts')),
  entry('request', 'reserve free ports and print them', () =>
    import('./reservations.ts').then(({ request }) => request),
  ),
  entry('reserve', 'reserve ports', () =>
    import('./reservations.ts').then(({ reserve }) => reserve),
  ),
  entry('release', 'release reservations', () =>
    import('./reservations.ts').then(({ release }) => release),
  ),
  entry('list', 'list reservations and their listeners', () => import('./list.ts')),
  entry('scan', 'list the listeners on this machine', () => import('./scan.ts')),
  entry('kill', 'stop the listeners on ports', () => import('./kill.ts')),
  entry('history', 'show the history of ports', () => import('./history.ts')),
  entry('stale', 'list or release forgotten reservations', () => import('./stale.ts')),
  entry('projects', 'list projects with reservations', () => import('./projects.ts')),
  entry('run', 'reserve a port, run a program with it, release it', () => import('./run.ts')),
  entry('up', 'reserve every port that .portkeeper.json names', () =>
    import('./project.ts').then(({ up }) => up),
  ),
  entry('down', 'release what "up" reserved', () =>
    import('./project.ts').then(({ down }) => down),
  ),
  entry('watch', 'show reserved ports as they change', () => import('./watch.ts')),
  entry('mcp', 'serve the registry to a coding agent', () => import('./mcp.ts')),
  entry('export', 'write the reservations to a file', () => import('./export.ts')),
  entry('import', 'import an export', () => import('./import.ts')),
  entry('config', 'manage settings and saved states of the registry', () => import('./config.ts')),
  entry('backup', 'back up the registry', () => import('./backup.ts')),
  entry('doctor', 'check and compact the registry', () => import('./doctor.ts')),
]);

const completion: readonly CommandEntry[] = [
  entry('completion', 'print the completion script of a shell', async () =>
    (await import('../../completion-commands.ts')).completionCommand(portman),
  ),
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
