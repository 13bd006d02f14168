import { type Command, InvalidArgumentError, Option } from 'commander';
import { parsePort, parsePortWords } from '../../../portman/port-number.ts';
import { requestPorts } from '../../../portman/request.ts';
import { readSettings } from '../../../portman/settings.ts';
import type { Io } from '../../io.ts';
import { integerOption } from '../../option-values.ts';
import {
  addReservationOptions,
  answer,
  claimOf,
  type ReservationOptions,
} from './reservation-options.ts';
import { withRegistry } from './with-registry.ts';

interface RequestOptions extends ReservationOptions {
  readonly start?: number;
  readonly end?: number;
  readonly avoid?: number[];
  readonly sequential?: boolean;
  readonly random?: boolean;
}

export function define(command: Command): void {
  addReservationOptions(command.argument('<count>', 'how many ports', integerOption(1)))
    .option('--start <port>', 'first port of the range (default: 3000)', parsePort)
    .option('--end <port>', 'last port of the range (default: 9999)', parsePort)
    .option('--avoid <ports>', 'skip these: 3000,4000-4010', (text: string) => parseAvoid(text))
    .addOption(new Option('-s, --sequential', 'consecutive ports').conflicts('random'))
    .option('-r, --random', 'random ports (default: the lowest)')
    .addHelpText(
      'after',
      '\nPrints one port per line. Skips ports in use, well-known services and the ephemeral ports of\n' +
        'the system.\n' +
        '\nExamples:\n  PORT=$(portman request 1 -n shop)\n' +
        '  portman request 3 -n shop --sequential --start 5000 --end 5999',
    );
}

function parseAvoid(text: string): number[] {
  try {
    return parsePortWords([text]);
  } catch {
    throw new InvalidArgumentError('Give ports and ranges: 3000,4000-4010.');
  }
}

/** Reserves free ports and prints them. */
export async function run(io: Io, [count]: [number], options: RequestOptions): Promise<void> {
  await withRegistry(io, async (registry) => {
    const { request } = readSettings(registry);
    const claim = await claimOf(options);
    const reservations = await requestPorts(registry, {
      ...claim,
      count,
      start: options.start ?? request.start,
      end: options.end ?? request.end,
      avoid: [...request.avoid, ...(options.avoid ?? [])],
      order: options.sequential ? 'sequential' : options.random ? 'random' : 'lowest',
    });
    const text = reservations.map(({ number }) => `${number}\n`).join('');
    await answer(io, registry, { reservations, claim, json: options.json, text });
  });
}
