import type { Command } from 'commander';
import { parsePortWords } from '../../../portman/port-number.ts';
import { reservePorts } from '../../../portman/reserve.ts';
import type { Io } from '../../io.ts';
import {
  addReservationOptions,
  answer,
  claimOf,
  type ReservationOptions,
} from './reservation-options.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  addReservationOptions(command.argument('<ports...>', 'the ports, all or none'))
    .option('--adopt', 'also a port that is already in use')
    .addHelpText(
      'after',
      '\nExamples:\n  portman reserve 3000 -n shop -d "dev server" -t frontend\n' +
        '  portman reserve 4000-4003 -n shop --auto-release',
    );
}

/** Reserves the ports that are named. */
export async function run(
  io: Io,
  [words]: [string[]],
  options: ReservationOptions & { readonly adopt?: boolean },
): Promise<void> {
  const ports = parsePortWords(words);
  await withRegistry(io, async (registry) => {
    const claim = await claimOf(options);
    const reservations = await reservePorts(registry, {
      ...claim,
      ports,
      adopt: options.adopt ?? false,
    });
    const text = `reserved ${ports.join(', ')} for ${options.name}\n`;
    await answer(io, registry, { reservations, claim, json: options.json, text });
  });
}
