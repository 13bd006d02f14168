import { join } from 'node:path';
import type { Command } from 'commander';
import { writeEnvFile } from '../../../portman/env-file.ts';
import { readProjectFile } from '../../../portman/project-file.ts';
import { readSettings } from '../../../portman/settings.ts';
import { type AssignedPort, bringUp, takeDown } from '../../../portman/up.ts';
import { type Io, write } from '../../io.ts';
import type { CommandModule } from '../../command.ts';
import { withRegistry } from './with-registry.ts';

/** `portman up`: reserves every port that `.portkeeper.json` names, all or none. */
export const up: CommandModule = {
  define(command: Command) {
    command
      .option('--dotenv [file]', 'write the ports to a file of variables (default: .env)')
      .option('-C, --directory <folder>', 'the project’s folder (default: this one)')
      .option('--json', 'print a JSON object')
      .addHelpText(
        'after',
        '\nEach git worktree gets ports of its own, and keeps them.\n' +
          '\nExamples:\n  portman up --dotenv\n' +
          '  echo \'{"project": "shop", "ports": {"web": 3000, "api": 3001}}\' > .portkeeper.json',
      );
  },
  async run(io, _, options) {
    const { directory, dotenv, json } = options as {
      directory?: string;
      dotenv?: string | true;
      json?: boolean;
    };
    const plan = readProjectFile(directory ?? process.cwd());
    const result = await withRegistry(io, (registry) => {
      const { start, end, avoid } = readSettings(registry).request;
      return bringUp(registry, plan, { range: { start, end }, avoid });
    });
    if (dotenv !== undefined) {
      const path = dotenv === true ? join(plan.directory, '.env') : dotenv;
      await writeEnvFile(
        path,
        Object.fromEntries(result.ports.map(({ env, number }) => [env, number])),
      );
    }
    await write(io.stdout, json ? `${JSON.stringify(result, null, 2)}\n` : lines(result.ports));
  },
};

function lines(ports: readonly AssignedPort[]): string {
  return ports.map(({ env, number }) => `${env}=${number}\n`).join('');
}

/** `portman down`: releases what `up` reserved. */
export const down: CommandModule = {
  define(command: Command) {
    command
      .option('-C, --directory <folder>', 'the project’s folder (default: this one)')
      .option('--json', 'print a JSON array')
      .addHelpText('after', '\nExample:\n  portman down');
  },
  async run(io: Io, _, options) {
    const { directory, json } = options as { directory?: string; json?: boolean };
    const plan = readProjectFile(directory ?? process.cwd());
    const ports = await withRegistry(io, (registry) => Promise.resolve(takeDown(registry, plan)));
    const text = ports.length === 0 ? 'nothing was reserved\n' : `released ${ports.join(', ')}\n`;
    await write(io.stdout, json ? `${JSON.stringify(ports)}\n` : text);
  },
};
