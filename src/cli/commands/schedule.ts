import { type Command, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { parseCron } from '../../core/cron.ts';
import { formatDuration } from '../../core/duration.ts';
import { shortId } from '../../core/ids.ts';
import { localTimeZone } from '../../core/zoned-time.ts';
import { isoTime, withIsoTimes } from '../../resources/iso-time.ts';
import { scheduleJson, scheduleState } from '../../resources/schedules.ts';
import { latestRuns, type ScheduleRun } from '../../store/setup/schedule-runs.ts';
import {
  addSchedule,
  findSchedule,
  missedPolicies,
  type MissedPolicy,
  removeSchedule,
  type Schedule,
  type ScheduledScan,
  scheduledScans,
  setScheduleEnabled,
} from '../../store/setup/schedules.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { changeCommand, showCommand } from '../group-commands.ts';
import { write } from '../io.ts';
import { listEntry } from '../list-entry.ts';
import { logScheduler } from '../log-scheduler.ts';
import { durationOption, integerOption } from '../option-values.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { factList, joinParts, localTime } from '../text.ts';

/** Ticks that "schedule show" prints, past and to come. */
const shownTicks = 5;

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A schedule scans a target at the times of a cron pattern. "schedule run" starts the scans. Any
number of schedulers may run for one store: each tick starts one scan.

Examples:
  portolan schedule add nightly '30 2 * * *' --target office --time-zone Europe/Berlin
  portolan schedule run`,
  );
}

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
      .argument('<cron>', 'minute, hour, day, month, weekday; or @daily and the like')
      .requiredOption('--target <name>', 'the target to scan')
      .option('--profile <name>', 'the profile to scan with')
      .addOption(
        new Option(
          '--scan-type <type>',
          'network, or discovery, which only finds hosts that are up',
        )
          .choices(scheduledScans)
          .default('network'),
      )
      .option('--on-label <label>', 'queue its scans for workers with this label: zone=dmz')
      .option('--time-zone <zone>', 'time zone of the pattern (default: this machine’s)')
      .option('--jitter <time>', 'start up to this much later: 90s, 30m', durationOption)
      .addOption(
        new Option('--missed <policy>', 'a tick that no scheduler saw: skip it, or run-once later')
          .choices(missedPolicies)
          .default('skip'),
      )
      .option('--allowed-hours <hours>', 'start and run only then: "Mon-Fri 20:00-06:00, Sat-Sun"')
      .option(
        '--max-failures <n>',
        'suspend it after this many failures; 0 for never (5)',
        integerOption(0, 1000),
      )
      .option('--description <text>', 'a description');
    addStoreOption(command).addHelpText(
      'after',
      "\nExamples:\n  portolan schedule add nightly '30 2 * * *' --target office --profile full\n" +
        "  portolan schedule add hourly '0 * * * MON-FRI' --target web --jitter 5m --missed run-once",
    );
  },
  async run(io, [name, cron]: [string, string], options: AddOptions) {
    await using app = await openFrom(io, options, true);
    const { database } = app.store;
    if (options.profile !== undefined) {
      const { findProfile } = await import('../../jobs/profiles.ts');
      await findProfile(database, options.profile);
    }
    const { next_at: next } = await addSchedule(database, {
      name,
      cron,
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
    await write(io.stdout, `added schedule ${name}; first scan ${localTime(next)}\n`);
  },
};

const show = showCommand({
  example: 'portolan schedule show nightly',
  async find({ database }, name) {
    const schedule = await findSchedule(database, name);
    const runs = await latestRuns(database, schedule.id, shownTicks);
    return { schedule, next: ticksOf(schedule), runs };
  },
  text: describe,
  json: ({ schedule, next, runs }) => ({
    ...scheduleJson(schedule),
    next: next.map(isoTime),
    runs: runs.map(runJson),
  }),
});

/** The ticks that come next. */
function ticksOf(schedule: Schedule): number[] {
  if (scheduleState(schedule) !== 'enabled') return [];
  const cron = parseCron(schedule.cron, schedule.time_zone);
  const ticks: number[] = [];
  let tick = schedule.next_at ?? undefined;
  while (tick !== undefined && ticks.length < shownTicks) {
    ticks.push(tick);
    tick = cron.next(tick);
  }
  return ticks;
}

function runJson({ schedule_id: _id, ...run }: ScheduleRun): object {
  return withIsoTimes(run, 'tick_at', 'scan_completed_at', 'decided_at', 'ended_at', 'paused_at');
}

interface Shown {
  readonly schedule: Schedule;
  readonly next: readonly number[];
  readonly runs: readonly ScheduleRun[];
}

function describe({ schedule, next, runs }: Shown): string {
  const { failures, jitter_ms: jitter, max_failures: most } = schedule;
  return factList([
    ['Schedule', schedule.name],
    ['Description', schedule.description ?? ''],
    ['State', scheduleState(schedule)],
    ['Cron', `${schedule.cron} (${schedule.time_zone})`],
    ['Target', schedule.target],
    ['Profile', schedule.profile ?? ''],
    ['Type', schedule.scan_type],
    ['Workers', schedule.worker_label ?? ''],
    ['Jitter', jitter > 0 ? formatDuration(jitter) : ''],
    ['Missed', schedule.missed],
    ['Hours', schedule.allowed_hours ?? ''],
    ['Failures', `${failures} (${most === 0 ? 'never suspended' : `suspended at ${most}`})`],
    ...next.map((tick) => ['Next', localTime(tick)] as const),
    ...runs.map((run) => ['Run', runText(run)] as const),
  ]);
}

function runText({ tick_at: tick, status, scan, reason, missed_before: missed }: ScheduleRun) {
  const parts = [
    localTime(tick),
    status,
    scan === null ? '' : `scan ${shortId(scan)}`,
    reason === null ? '' : `(${reason})`,
    missed > 0 ? `after ${missed} missed` : '',
  ];
  return joinParts(parts, '  ');
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
      .option('--once', 'start what is due now, wait for the scans, and exit')
      .option('--no-scan', 'only queue the scans: workers run them')
      .option('--concurrency <n>', 'scans at once in this process', integerOption(1, 100), 2);
    addStoreOption(command).addHelpText(
      'after',
      '\nRuns until Ctrl-C, which pauses running scans; the next scheduler resumes them. Runs the\n' +
        'schedules of every tenant, or with --tenant those of one.\n\n' +
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
  listEntry('schedules', 'schedule list'),
  entry('add', 'add a schedule that scans a target', () => add),
  entry('show', 'show one schedule with its next and latest scans', () => show),
  entry('enable', 'enable a schedule, also a suspended one', () => enabling(true)),
  entry('disable', 'disable a schedule', () => enabling(false)),
  entry('remove', 'remove a schedule', () => remove),
  entry('run', 'run the scans of schedules when they are due', () => run),
];
