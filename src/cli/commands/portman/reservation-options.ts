import type { Command } from 'commander';
import { AppError } from '../../../errors.ts';
import { findProcess } from '../../../listeners/list-listeners.ts';
import type { ProcessIdentity } from '../../../listeners/listener.ts';
import type { Registry } from '../../../portman/registry.ts';
import type { OwnedReservation } from '../../../portman/reservation.ts';
import { withoutOwner } from '../../../portman/reservation.ts';
import { type Claim, passOn } from '../../../portman/reserve.ts';
import { type Io, write } from '../../io.ts';
import { splitList, integerOption } from '../../option-values.ts';

/** Options of the commands that make reservations. */
export interface ReservationOptions {
  readonly name: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly autoRelease?: boolean;
  readonly owner?: number;
  readonly json?: boolean;
}

/** Adds `-n`, `-d`, `-t`, `--auto-release`, `--owner` and `--json`. */
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
    )
    .option('--json', 'print a JSON array');
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
 * Prints new reservations, then hands them on to their owner: until the answer is out, they are
 * this process's, so that those of a killed command are found stale.
 */
export async function answer(
  io: Io,
  registry: Registry,
  reply: {
    reservations: readonly OwnedReservation[];
    claim: CommandClaim;
    json: boolean | undefined;
    text: string;
  },
): Promise<void> {
  const { reservations, claim, json, text } = reply;
  const rows = reservations.map(withoutOwner);
  await write(io.stdout, json ? `${JSON.stringify(rows, null, 2)}\n` : text);
  if (!claim.heldBy) return;
  const ports = rows.map(({ number }) => number);
  passOn(registry, ports, { from: claim.heldBy, to: claim.owner });
}
