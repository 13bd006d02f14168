import type { Command } from 'commander';
import { AppError } from '../../../errors.ts';
import { findProcess } from '../../../listeners/list-listeners.ts';
import type { ProcessIdentity } from '../../../listeners/listener.ts';
import type { Registry } from '../../../portman/registry.ts';
import { type OwnedReservation, withoutOwner } from '../../../portman/reservation.ts';
import { type Claim, passOn } from '../../../portman/reserve.ts';
import { integerOption, splitList } from '../../option-values.ts';
import type { Answer } from './registry-command.ts';

/** Options of the commands that make reservations. */
export interface ReservationOptions {
  readonly name: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly autoRelease?: boolean;
  readonly owner?: number;
}

/** Adds `-n`, `-d`, `-t`, `--auto-release` and `--owner`. */
export function addReservationOptions(command: Command): Command {
  return command
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

/** What a reservation's options say, and who holds it while the command runs. */
interface CommandClaim extends Claim {
  readonly heldBy: ProcessIdentity | undefined;
}

/** @throws AppError NOT_FOUND where `--owner` names no process */
export async function claimOf(options: ReservationOptions): Promise<CommandClaim> {
  const owner = options.owner === undefined ? undefined : await findProcess(options.owner);
  if (options.owner !== undefined && !owner) {
    throw new AppError('NOT_FOUND', `--owner ${options.owner}: there is no such process`);
  }
  return {
    project: options.name,
    description: options.description,
    tags: splitList(options.tags),
    autoRelease: options.autoRelease,
    owner,
    heldBy: await findProcess(process.pid),
  };
}

/**
 * The answer of a command that made reservations. They belong to this process until it is printed,
 * so that those of a killed command are found stale; then they pass to their owner.
 */
export function answer(
  registry: Registry,
  made: {
    reservations: readonly OwnedReservation[];
    claim: CommandClaim;
    text: string;
  },
): Answer {
  const { reservations, claim, text } = made;
  const { heldBy, owner } = claim;
  const ports = reservations.map(({ number }) => number);
  return {
    json: reservations.map(withoutOwner),
    indent: 2,
    text,
    afterwards() {
      if (heldBy) passOn(registry, ports, { from: heldBy, to: owner });
    },
  };
}
