import { type Command, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { parseCron } from '../../core/cron.ts';
import { shortId } from '../../core/ids.ts';
import { localTimeZone } from '../../core/zoned-time.ts';
import { latestRuns, type ScheduleRun } from '../../store/setup/schedule-runs.ts';
import {
  addSchedule,
  findSchedule,
  listSchedules,
  missedPolicies,
  type MissedPolicy,
  removeSchedule,
  type Schedule,
  type ScheduledScan,
  scheduledScans,
  setScheduleEnabled,
} from '../../store/setup/schedules.ts';
import { changeCommand, entry, listCommand } from '../group-commands.ts';
import { write } from '../io.ts';
import {
  addOutputOptions,
  formatOf,
  type OutputOptions,
  type Shape,
  withOutput,
} from '../output.ts';
import type { CommandEntry, CommandModule } from '../command.ts';
import { logScheduler } from '../log-scheduler.ts';
import { durationOption, integerOption } from '../option-values.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

/** Ticks that "schedule show" prints, past and to come. */
const shownTicks = 5;

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A schedule scans a target at the times of a cron pattern. "schedule run" makes the scans; any
number of them may run for one store, each tick is one scan.

Examples:
  portolan schedule add nightly '30 2 * * *' --target office --time-zone Europe/Berlin
  portolan schedule run`,
  );
}

function stateOf({ enabled, suspended_at: suspended }: Schedule): string {
  if (!enabled) return 'disabled';
  return suspended === null ? 'enabled' : 'suspended';
}

function toJson(schedule: Schedule): Record<string, unknown> {
  return {
    ...schedule,
    state: stateOf(schedule),
    next_at: isoTime(schedule.next_at),
    suspended_at: isoTime(schedule.suspended_at),
    created_at: isoTime(schedule.created_at),
    updated_at: isoTime(schedule.updated_at),
  };
}

const shape: Shape<Schedule> = {
  columns: [
    { title: 'schedule', value: ({ name }) => name },
    { title: 'cron', value: ({ cron }) => cron },
    { title: 'time zone', value: ({ time_zone: zone }) => zone },
    { title: 'target', value: ({ target }) => target },
    { title: 'profile', value: ({ profile }) => profile },
    {
      title: 'next',
      value: (row) => (stateOf(row) === 'enabled' ? localTime(row.next_at) : ''),
    },
    { title: 'failures', value: ({ failures }) => failures || '', align: 'right' },
    {
      title: 'state',
      value: stateOf,
      color: (row) => (stateOf(row) === 'enabled' ? undefined : 'yellow'),
    },
  ],
  toJson,
  empty: "No schedules yet: portolan schedule add nightly '30 2 * * *' --target NAME",
};

const list = listCommand({
  example: 'portolan schedule list --json',
  shape,
  rows: (store) => listSchedules(store.database),
});

interface AddOptions extends StoreOptions {
  readonly target: string;
  readonly profile?: string;
  readonly scanType: ScheduledScan;
  readonly onLabel?: string;
  readonly timeZone?: string;
  readonly jitter?: number;
  readonly missed: MissedPolicy;
  readonly allowedHours?: string;
  readonly maxFailures?: number;
  readonly description?: string;
}

const add: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'letters, digits, ".", "_" and "-"')
      .argument('<cron>', 'minute, hour, day, month, day of the week; or @daily and the like')
      .requiredOption('--target <name>', 'what is scanned')
      .option('--profile <name>', 'how it is scanned')
      .addOption(
        new Option('--scan-type <type>', 'network, or discovery, which only looks who is up')
          .choices(scheduledScans)
          .default('network'),
      )
      .option('--on-label <label>', 'workers with this label make its scans: zone=dmz')
      .option('--time-zone <zone>', 'of the pattern (default: the one of this machine)')
      .option('--jitter <time>', 'begin up to so much later: 90s, 30m', durationOption)
      .addOption(
        new Option('--missed <policy>', 'a tick at which nobody was there: skip, or run-once later')
          .choices(missedPolicies)
          .default('skip'),
      )
      .option('--allowed-hours <hours>', 'run and begin only then: "Mon-Fri 20:00-06:00, Sat-Sun"')
      .option(
        '--max-failures <n>',
        'suspend it after so many; 0 for never (5)',
        integerOption(0, 1000),
      )
      .option('--description <text>', 'what it is for');
    addStoreOption(command).addHelpText(
      'after',
      "\nExamples:\n  portolan schedule add nightly '30 2 * * *' --target office --profile full\n" +
        "  portolan schedule add hourly '0 * * * MON-FRI' --target web --jitter 5m --missed run-once",
    );
  },
  async run(io, [name, cron], options: AddOptions) {
    await using app = await openFrom(io, options, true);
    const { database } = app.store;
    if (options.profile !== undefined) {
      const { findProfile } = await import('../../jobs/profiles.ts');
      await findProfile(database, options.profile);
    }
    const { next_at: next } = await addSchedule(database, {
      name: name as string,
      cron: cron as string,
      time_zone: options.timeZone ?? localTimeZone(),
      target: options.target,
      profile: options.profile,
      scan_type: options.scanType,
      worker_label: options.onLabel,
      description: options.description,
      jitter_ms: options.jitter,
      missed: options.missed,
      allowed_hours: options.allowedHours,
      max_failures: options.maxFailures,
    });
    await write(io.stdout, `added schedule ${String(name)}; first scan ${localTime(next)}\n`);
  },
};

const show: CommandModule = {
  define(command) {
    addStoreOption(addOutputOptions(command.argument('<name>', 'its name'))).addHelpText(
      'after',
      '\nExample:\n  portolan schedule show nightly',
    );
  },
  async run(io, [name], options: OutputOptions & StoreOptions) {
    await using app = await openFrom(io, options);
    const schedule = await findSchedule(app.store.database, name as string);
    const runs = await latestRuns(app.store.database, schedule.id, shownTicks);
    const next = ticksOf(schedule);
    if (formatOf(options) !== 'table') {
      const value = { ...toJson(schedule), next: next.map(isoTime), runs: runs.map(runJson) };
      const text = JSON.stringify(value, null, options.json ? 2 : 0);
      return await withOutput(io, options, (stream) => write(stream, `${text}\n`));
    }
    return await withOutput(io, options, (stream) => write(stream, describe(schedule, next, runs)));
  },
};

/** The ticks that come next. */
function ticksOf(schedule: Schedule): number[] {
  if (stateOf(schedule) !== 'enabled' || schedule.next_at === null) return [];
  const cron = parseCron(schedule.cron, schedule.time_zone);
  const ticks = [schedule.next_at];
  while (ticks.length < shownTicks) {
    const next = cron.next(ticks.at(-1)!);
    if (next === undefined) break;
    ticks.push(next);
  }
  return ticks;
}

function runJson(run: ScheduleRun): Record<string, unknown> {
  return {
    ...run,
    schedule_id: undefined,
    tick_at: isoTime(run.tick_at),
    scan_completed_at: isoTime(run.scan_completed_at),
    decided_at: isoTime(run.decided_at),
    ended_at: isoTime(run.ended_at),
    paused_at: isoTime(run.paused_at),
  };
}

function describe(
  schedule: Schedule,
  next: readonly number[],
  runs: readonly ScheduleRun[],
): string {
  const { failures, jitter_ms: jitter, max_failures: most } = schedule;
  const lines: [string, string][] = [
    ['Schedule', schedule.name],
    ['Description', schedule.description ?? ''],
    ['State', stateOf(schedule)],
    ['Cron', `${schedule.cron} (${schedule.time_zone})`],
    ['Target', schedule.target],
    ['Profile', schedule.profile ?? ''],
    ['Type', schedule.scan_type],
    ['Workers', schedule.worker_label ?? ''],
    ['Jitter', jitter > 0 ? formatDuration(jitter) : ''],
    ['Missed', schedule.missed],
    ['Hours', schedule.allowed_hours ?? ''],
    ['Failures', `${failures} (suspended at ${most === 0 ? 'no number of them' : most})`],
    ...next.map((tick): [string, string] => ['Next', localTime(tick)]),
    ...runs.map((run): [string, string] => ['Run', runText(run)]),
  ];
  const text = lines.filter(([, value]) => value !== '');
  return text.map(([title, value]) => `${title.padEnd(13)}${value}\n`).join('');
}

function runText({ tick_at: tick, status, scan, reason, missed_before: missed }: ScheduleRun) {
  const parts = [
    localTime(tick),
    status,
    scan === null ? '' : `scan ${shortId(scan)}`,
    reason === null ? '' : `(${reason})`,
    missed > 0 ? `after ${missed} missed` : '',
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function enabling(isEnabled: boolean): CommandModule {
  const word = isEnabled ? 'enable' : 'disable';
  return changeCommand({
    example: `portolan schedule ${word} nightly`,
    done: `${word}d schedule`,
    change: (store, name) => setScheduleEnabled(store.database, name, isEnabled),
  });
}

const remove = changeCommand({
  note: 'Its scans stay.',
  example: 'portolan schedule remove nightly',
  done: 'removed schedule',
  change: (store, name) => removeSchedule(store.database, name),
});

interface RunOptions extends StoreOptions {
  readonly once?: true;
  readonly scan: boolean;
  readonly concurrency: number;
}

const run: CommandModule = {
  define(command) {
    command
      .option('--once', 'do what is due now, wait for its scans, and end')
      .option('--no-scan', 'only make the scans: workers run them')
      .option('--concurrency <n>', 'scans at once in this process', integerOption(1, 100), 2);
    addStoreOption(command).addHelpText(
      'after',
      '\nUntil Ctrl-C. Scans that run then are paused, and gone on with when one runs again. It looks\n' +
        "after every tenant's schedules; with --tenant after those of one.\n\n" +
        'Examples:\n  portolan schedule run\n  portolan schedule run --once',
    );
  },
  async run(io, _, options: RunOptions) {
    await using app = await openFrom(io, options, true);
    const isForAll = (options.tenant ?? readConfig(io.env).tenant) === undefined;
    return await logScheduler(io, app, { ...options, isForAll });
  },
};

export const commands: readonly CommandEntry[] = [
  entry('list', 'list schedules', list),
  entry('add', 'scan a target at the times of a cron pattern', add),
  entry('show', 'show one schedule, its next and its latest scans', show),
  entry('enable', 'let a schedule begin scans, also one that was suspended', enabling(true)),
  entry('disable', 'let a schedule begin no scans', enabling(false)),
  entry('remove', 'remove a schedule', remove),
  entry('run', 'make the scans of schedules when their time comes', run),
];
