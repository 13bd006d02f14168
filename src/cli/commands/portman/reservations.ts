import { type Command, Option } from 'commander';
import { AppError } from '../../../errors.ts';
import { findProcess } from '../../../listeners/list-listeners.ts';
import { parsePort, parsePortWords } from '../../../portman/port-number.ts';
import type { Registry } from '../../../portman/registry.ts';
import { releasePorts } from '../../../portman/release.ts';
import { type OwnedReservation, withoutOwner } from '../../../portman/reservation.ts';
import { type Claim, passOn, reservePorts } from '../../../portman/reserve.ts';
import type { CommandModule } from '../../command.ts';
import { integerOption, parsedOption, splitList } from '../../option-values.ts';
import { registryCommand } from './registry-command.ts';

/** The options of every command that makes reservations. */
interface ClaimOptions {
  readonly name: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly autoRelease?: boolean;
  readonly owner?: number;
}

interface ReserveOptions extends ClaimOptions {
  readonly adopt?: boolean;
}

/** `portman reserve`: reserves the ports that are named. */
export const reserve = claimCommand<string[], ReserveOptions>({
  define: (command) =>
    command
      .argument('<ports...>', 'the ports, all or none')
      .option('--adopt', 'also a port that is already in use'),
  help:
    '\nExamples:\n  portman reserve 3000 -n shop -d "dev server" -t frontend\n' +
    '  portman reserve 4000-4003 -n shop --auto-release',
  claim: (registry, words, { adopt = false, ...claim }) =>
    reservePorts(registry, { ...claim, ports: parsePortWords(words), adopt }),
  describe: (ports, { name }) => `reserved ${ports.join(', ')} for ${name}\n`,
});

interface RequestOptions extends ClaimOptions {
  readonly start?: number;
  readonly end?: number;
  readonly avoid?: number[];
  readonly sequential?: boolean;
  readonly random?: boolean;
}

/** `portman request`: reserves free ports and prints them. */
export const request = claimCommand<number, RequestOptions>({
  define: (command) =>
    command
      .argument('<count>', 'how many ports', integerOption(1))
      .option('--start <port>', 'first port of the range (default: 3000)', parsePort)
      .option('--end <port>', 'last port of the range (default: 9999)', parsePort)
      .option(
        '--avoid <ports>',
        'skip these: 3000,4000-4010',
        parsedOption((text) => parsePortWords([text])),
      )
      .addOption(new Option('-s, --sequential', 'consecutive ports').conflicts('random'))
      .option('-r, --random', 'random ports (default: the lowest)'),
  help:
    '\nPrints one port per line. Skips ports in use, well-known services and the ephemeral ports of\n' +
    'the system.\n' +
    '\nExamples:\n  PORT=$(portman request 1 -n shop)\n' +
    '  portman request 3 -n shop --sequential --start 5000 --end 5999',
  async claim(registry, count, { sequential, random, ...claim }) {
    // Loads Node.js' cryptography (10 ms), which the other commands do not need.
    const { requestPorts } = await import('../../../portman/request.ts');
    const order = sequential ? 'sequential' : random ? 'random' : 'lowest';
    return requestPorts(registry, { ...claim, count, order });
  },
  describe: (ports) => ports.map((port) => `${port}\n`).join(''),
});

/** `portman release`: releases reservations; listening processes continue. */
export const release = registryCommand<[string[]], { readonly force?: boolean }>({
  define: (command) =>
    command
      .argument('<ports...>', 'the ports, all or none')
      .option('-f, --force', 'also if its project still listens'),
  help: '\nExample:\n  portman release 3000 4000-4003',
  async work(registry, { operands: [words], options: { force } }) {
    const ports = await releasePorts(registry, { ports: parsePortWords(words), force });
    return { json: ports, text: `released ${ports.join(', ')}\n` };
  },
});

interface ClaimSpec<Operand, Options> {
  readonly define: (command: Command) => void;
  readonly help: string;
  readonly claim: (
    registry: Registry,
    operand: Operand,
    claim: Omit<Options, 'owner'> & Claim,
  ) => Promise<OwnedReservation[]>;
  /** The text for people. */
  readonly describe: (ports: readonly number[], options: Options) => string;
}

/**
 * A command that makes reservations. They belong to this process until they are printed, so that
 * those of a killed command are found stale; then they pass to the process of `--owner`.
 */
function claimCommand<Operand, Options extends ClaimOptions>({
  define,
  help,
  claim,
  describe,
}: ClaimSpec<Operand, Options>): CommandModule {
  return registryCommand<[Operand], Options>({
    define(command) {
      define(command);
      addClaimOptions(command);
    },
    help,
    async work(registry, { operands: [operand], options }) {
      const owner = await ownerOf(options);
      const heldBy = await findProcess(process.pid);
      const about = { project: options.name, tags: splitList(options.tags) };
      const rows = await claim(registry, operand, { ...options, ...about, owner, heldBy });
      const ports = rows.map(({ number }) => number);
      return {
        json: rows.map(withoutOwner),
        indent: 2,
        text: describe(ports, options),
        afterwards() {
          if (heldBy) passOn(registry, ports, { from: heldBy, to: owner });
        },
      };
    },
  });
}

function addClaimOptions(command: Command): void {
  command
    .requiredOption('-n, --name <project>', 'the project of the ports')
    .option('-d, --description <text>', 'a description')
    .option('-t, --tags <tags...>', 'tags')
    .option('--auto-release', 'release it as soon as its listener stops')
    .option(
      '--owner <pid>',
      'bind it to a process: stale when that exits ($$ is a script)',
      integerOption(2),
    );
}

/** @throws AppError NOT_FOUND where `--owner` names no process */
async function ownerOf({ owner: pid }: ClaimOptions): Promise<Claim['owner']> {
  if (pid === undefined) return undefined;
  const owner = await findProcess(pid);
  if (!owner) throw new AppError('NOT_FOUND', `--owner ${pid}: there is no such process`);
  return owner;
}
