import { Option } from 'commander';
import { parsePort, parsePortWords } from '../../../portman/port-number.ts';
import { requestPorts } from '../../../portman/request.ts';
import { integerOption, parsedOption } from '../../option-values.ts';
import { registryCommand } from './registry-command.ts';
import {
  addReservationOptions,
  answer,
  claimOf,
  type ReservationOptions,
} from './reservation-options.ts';

interface RequestOptions extends ReservationOptions {
  readonly start?: number;
  readonly end?: number;
  readonly avoid?: number[];
  readonly sequential?: boolean;
  readonly random?: boolean;
}

const parseAvoid = parsedOption((text) => parsePortWords([text]));

/** Reserves free ports and prints them. */
export const { define, run } = registryCommand<[number], RequestOptions>({
  define: (command) =>
    addReservationOptions(command.argument('<count>', 'how many ports', integerOption(1)))
      .option('--start <port>', 'first port of the range (default: 3000)', parsePort)
      .option('--end <port>', 'last port of the range (default: 9999)', parsePort)
      .option('--avoid <ports>', 'skip these: 3000,4000-4010', parseAvoid)
      .addOption(new Option('-s, --sequential', 'consecutive ports').conflicts('random'))
      .option('-r, --random', 'random ports (default: the lowest)'),
  help:
    '\nPrints one port per line. Skips ports in use, well-known services and the ephemeral ports of\n' +
    'the system.\n' +
    '\nExamples:\n  PORT=$(portman request 1 -n shop)\n' +
    '  portman request 3 -n shop --sequential --start 5000 --end 5999',
  async work(registry, { operands: [count], options }) {
    const { start, end, avoid, sequential, random } = options;
    const claim = await claimOf(options);
    const order = sequential ? 'sequential' : random ? 'random' : 'lowest';
    const request = { ...claim, count, start, end, avoid, order } as const;
    const reservations = await requestPorts(registry, request);
    const text = reservations.map(({ number }) => `${number}\n`).join('');
    return answer(registry, { reservations, claim, text });
  },
});
