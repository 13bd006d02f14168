import { parsePortWords } from '../../../portman/port-number.ts';
import { reservePorts } from '../../../portman/reserve.ts';
import { registryCommand } from './registry-command.ts';
import {
  addReservationOptions,
  answer,
  claimOf,
  type ReservationOptions,
} from './reservation-options.ts';

/** Reserves the ports that are named. */
export const { define, run } = registryCommand<
  [string[]],
  ReservationOptions & { readonly adopt?: boolean }
>({
  define: (command) =>
    addReservationOptions(command.argument('<ports...>', 'the ports, all or none')).option(
      '--adopt',
      'also a port that is already in use',
    ),
  help:
    '\nExamples:\n  portman reserve 3000 -n shop -d "dev server" -t frontend\n' +
    '  portman reserve 4000-4003 -n shop --auto-release',
  async work(registry, { operands: [words], options }) {
    const ports = parsePortWords(words);
    const claim = await claimOf(options);
    const { adopt = false } = options;
    const reservations = await reservePorts(registry, { ...claim, ports, adopt });
    const text = `reserved ${ports.join(', ')} for ${options.name}\n`;
    return answer(registry, { reservations, claim, text });
  },
});
