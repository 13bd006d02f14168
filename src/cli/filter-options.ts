import { type Command, InvalidArgumentError, Option } from 'commander';
import { portStates } from '../core/states.ts';
import { integerOption } from './option-values.ts';

/** The filters that lists share; each list offers those that make sense for it. */
export interface FilterOptions {
  readonly port?: string;
  readonly state?: string;
  readonly service?: string;
  readonly scan?: string;
  readonly since?: number;
  readonly limit?: number;
}

const all = {
  port: new Option('-p, --port <list>', 'only these ports: 80,443,8000-8100'),
  state: new Option('--state <state>', 'only ports in this state').choices([...portStates]),
  service: new Option('--service <name>', 'only this service, or product that contains it'),
  scan: new Option('--scan <scan>', 'as one scan saw it: its id, the start of it, or "last"'),
  since: new Option('--since <time>', 'only what was seen since: 7d, 12h, 2026-01-31').argParser(
    parseSince,
  ),
  limit: new Option('--limit <n>', 'at most so many rows').argParser(integerOption(1)),
};

/** Adds the named filters and, unless it makes no sense for the list, addresses as arguments. */
export function addFilterOptions(
  command: Command,
  names: readonly (keyof typeof all)[],
  { targets = true } = {},
): Command {
  if (targets) {
    command.argument('[targets...]', 'only these addresses, networks, ranges or names');
  }
  for (const name of names) command.addOption(all[name]);
  return command;
}

/** Epoch ms of a time span back from now (`90s`, `30m`, `12h`, `7d`, `4w`) or of a date. */
export function parseSince(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})\s*([smhdw])$/.exec(text.trim()) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[unit];
  if (amount !== undefined && seconds !== undefined) {
    return Date.now() - Number(amount) * seconds * 1000;
  }
  const date = /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  const time = date === undefined ? Number.NaN : Date.parse(text);
  // The parser takes February 31st for March 3rd.
  const isReal = date !== undefined && new Date(`${date}T00:00Z`).toJSON()?.startsWith(date);
  if (Number.isNaN(time) || !isReal) {
    throw new InvalidArgumentError('A time span (12h, 7d) or a date (2026-01-31) is needed.');
  }
  return time;
}
