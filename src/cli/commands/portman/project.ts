import { join } from 'node:path';
import { writeEnvFile } from '../../../portman/env-file.ts';
import { readProjectFile } from '../../../portman/project-file.ts';
import { bringUp, takeDown } from '../../../portman/up.ts';
import { registryCommand } from './registry-command.ts';

interface Options {
  readonly directory?: string;
  readonly dotenv?: string | true;
}

const directoryOption = [
  '-C, --directory <folder>',
  'the project’s folder (default: this one)',
] as const;

/** `portman up`: reserves every port that `.portkeeper.json` names, all or none. */
export const up = registryCommand<[], Options>({
  define: (command) =>
    command
      .option('--dotenv [file]', 'write the ports to a file of variables (default: .env)')
      .option(...directoryOption),
  help:
    '\nEach git worktree gets ports of its own, and keeps them.\n' +
    '\nExamples:\n  portman up --dotenv\n' +
    '  echo \'{"project": "shop", "ports": {"web": 3000, "api": 3001}}\' > .portkeeper.json',
  async work(registry, { options: { directory, dotenv } }) {
    const plan = readProjectFile(directory ?? process.cwd());
    const result = await bringUp(registry, plan);
    const ports = result.ports.map(({ env, number }) => [env, number] as const);
    if (dotenv !== undefined) {
      const path = dotenv === true ? join(plan.directory, '.env') : dotenv;
      await writeEnvFile(path, Object.fromEntries(ports));
    }
    return {
      json: result,
      indent: 2,
      text: ports.map(([env, number]) => `${env}=${number}\n`).join(''),
    };
  },
});

/** `portman down`: releases what `up` reserved. */
export const down = registryCommand<[], Pick<Options, 'directory'>>({
  define: (command) => command.option(...directoryOption),
  help: '\nExample:\n  portman down',
  work(registry, { options: { directory } }) {
    const ports = takeDown(registry, readProjectFile(directory ?? process.cwd()));
    const text = ports.length === 0 ? 'nothing was reserved\n' : `released ${ports.join(', ')}\n`;
    return { json: ports, text };
  },
});
