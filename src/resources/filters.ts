import { jobStates } from '../core/job-states.ts';
import { parsePorts } from '../core/ports.ts';
import { hostStates, portStates, severities } from '../core/states.ts';
import { splitTargets } from '../core/targets.ts';
import { AppError } from '../errors.ts';
import { selectHosts } from '../store/filter.ts';
import type { StoreDatabase } from '../store/store.ts';
import { parseSince } from './since.ts';

/** A filter of lists: its name, and how to parse its text. */
export interface Filter<Value = unknown> {
  /** `--NAME` of a command, the parameter NAME of a route. */
  readonly name: string;
  /** A short name: `-p`. */
  readonly letter?: string;
  /** The placeholder for the value in help. */
  readonly placeholder: string;
  readonly description: string;
  /** The allowed values. */
  readonly choices?: readonly string[];
  /** Whether commands take its value as positional arguments. */
  readonly isOperand?: true;
  /** @throws AppError for an invalid value */
  parse(text: string): Value;
  /** Replaces the value by the store's name for it. @throws AppError NOT_FOUND, AMBIGUOUS */
  resolve?(db: StoreDatabase, value: Value): Promise<Value>;
}

export type Filters = Readonly<Record<string, Filter>>;

/** The values of filters, omitted or undefined if unused. */
export type FilterValues<F extends Filters> = {
  readonly [Name in keyof F]?: ReturnType<F[Name]['parse']> | undefined;
};

/** Parsed values, with names resolved to what they name. */
export async function resolveFilter(
  db: StoreDatabase,
  filters: Filters,
  parsed: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const values = Object.entries(filters).map(async ([name, filter]) => {
    const value = parsed[name];
    const known = value === undefined ? value : await filter.resolve?.(db, value);
    return [name, known ?? value] as const;
  });
  return Object.fromEntries(await Promise.all(values));
}

/**
 * Parses the values of filters given as text, by filter name.
 *
 * @throws AppError USAGE for an unknown filter; what a filter throws
 */
export async function readFilter(
  db: StoreDatabase,
  filters: Filters,
  texts: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, unknown>> {
  const keys = new Map(Object.entries(filters).map(([key, { name }]) => [name, key]));
  const parsed: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) {
    const key = keys.get(name);
    const filter = key === undefined ? undefined : filters[key];
    if (key === undefined || !filter) {
      const names = [...keys.keys()].join(', ');
      throw new AppError('USAGE', `"${name}" is not a filter of this list; it has: ${names}`);
    }
    if (text === undefined) continue;
    if (typeof text !== 'string')
      throw new AppError('USAGE', `the filter "${name}" must be a string`);
    parsed[key] = filter.parse(text);
  }
  return await resolveFilter(db, filters, parsed);
}

type Description = Pick<Filter, 'name' | 'placeholder' | 'description'>;

/** A filter that accepts any text. */
function textFilter(name: string, placeholder: string, description: string): Filter<string> {
  return { name, placeholder, description, parse: (text) => text };
}

/** A filter that accepts one of some words. */
function choiceFilter<Choice extends string>(
  choices: readonly Choice[],
  filter: Description,
): Filter<Choice> {
  return {
    ...filter,
    choices,
    parse(text) {
      const choice = choices.find((each) => each === text);
      if (choice !== undefined) return choice;
      const list = choices.join(', ');
      throw new AppError('USAGE', `"${text}" is not a ${filter.name}; choose one of ${list}`);
    },
  };
}

export const targets: Filter<ReturnType<typeof selectHosts>> = {
  name: 'targets',
  placeholder: 'targets',
  description: 'only these addresses, networks, ranges or names',
  isOperand: true,
  parse: (text) => selectHosts(splitTargets(text)),
};

export const ports: Filter<ReturnType<typeof parsePorts>> = {
  name: 'port',
  letter: 'p',
  placeholder: 'list',
  description: 'only these ports: 80,443,8000-8100',
  parse: (text) => parsePorts(text),
};

export const scan: Filter<string> = {
  name: 'scan',
  placeholder: 'scan',
  description: 'as one scan saw it: its id, the start of its id, its name, or "last"',
  parse: (text) => text,
  // Loaded where it is used: lists without this filter start sooner.
  async resolve(db, reference) {
    const { findJob } = await import('../store/scans/find-scan.ts');
    return (await findJob(db, reference)).id;
  },
};

export const since: Filter<number> = {
  name: 'since',
  placeholder: 'time',
  description: 'only what was seen since: 7d, 12h, 2026-01-31',
  parse: parseSince,
};

export const hostState = choiceFilter(hostStates, {
  name: 'state',
  placeholder: 'state',
  description: 'only hosts in this state',
});

export const portState = choiceFilter(portStates, {
  name: 'state',
  placeholder: 'state',
  description: 'only ports in this state',
});

export const scanStatus = choiceFilter(jobStates, {
  name: 'status',
  placeholder: 'status',
  description: 'only scans with this status',
});

export const severity = choiceFilter(severities, {
  name: 'severity',
  placeholder: 'least',
  description: 'this severity and those above it',
});

export const service = textFilter(
  'service',
  'name',
  'only this service, or products that contain it',
);
export const cve = textFilter('cve', 'id', 'only findings of this CVE');
export const errorCode = textFilter(
  'code',
  'code',
  'only errors with this code, such as ECONNRESET',
);
export const target = textFilter('target', 'name', 'only scans of this target');
export const profile = textFilter('profile', 'name', 'only scans with this profile');
export const schedule = textFilter('schedule', 'name', 'only scans that this schedule started');
export const action = textFilter('action', 'action', 'only this action, such as scan.cancelled');
export const actor = textFilter('actor', 'name', 'only changes by this actor');
export const object = textFilter(
  'object',
  'id',
  'only changes of this object; the start of its id is enough',
);

export const expiresBefore: Filter<number> = {
  name: 'expiring',
  placeholder: 'days',
  description: 'only certificates that expire within this many days, or have expired',
  parse(text) {
    if (/^\d{1,6}$/.test(text)) return Date.now() + Number(text) * 86_400_000;
    throw new AppError('USAGE', `"${text}" is not a number of days`);
  },
};
