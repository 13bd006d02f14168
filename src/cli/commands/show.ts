import type { Command } from 'commander';
import { priorityName } from '../../core/job-priority.ts';
import { listErrors } from '../../store/inventory/errors.ts';
import { markCrashedJobs } from '../../store/scans/crash-detection.ts';
import { completedUnits, findJob } from '../../store/scans/find-scan.ts';
import { isOwn, type Job } from '../../store/scans/jobs.ts';
import { type Io, write } from '../io.ts';
import { ports } from '../../resources/ports.ts';
import { progressOf, scanJson, targetsOf, tookOf } from '../../resources/scans.ts';
import { writeList } from '../write-list.ts';
import { addOutputOptions, formatOf, type OutputOptions, writeOne } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { count, number } from '../../core/quantity.ts';
import { formatDuration } from '../../core/duration.ts';
import { factList, joinParts, localTime } from '../text.ts';

/** Errors that are shown beside a scan; "errors" lists all. */
const shownErrors = 5;

export function define(command: Command): void {
  command.argument('<scan>', 'its id, the start of its id, its name, or "last"');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
--json and --jsonl print the scan itself, --csv its ports.

Examples:
  portolan show last
  portolan show 019aa1c2 --json`;

export async function run(
  io: Io,
  [reference]: [string],
  options: OutputOptions & StoreOptions,
): Promise<void> {
  await using app = await openFrom(io, options);
  const { database } = app.store;
  await markCrashedJobs(database);
  const job = await findJob(database, reference);
  const format = formatOf(options);
  if (format === 'json' || format === 'jsonl') {
    return await writeOne(io, options, { text: () => '', json: () => scanJson(job) });
  }
  const output = format === 'csv' ? options : { ...options, output: undefined };
  if (format === 'table') {
    const { size } = await completedUnits(database, job.id);
    await write(io.stdout, describe(job, size));
  }
  const filter = { scan: job.id };
  await writeList(io, database, { resource: ports, path: 'ports', filter, output });
  if (format === 'csv' || job.error_count === 0) return;
  const { rows } = await listErrors(database, { scan: job.id }, { limit: shownErrors });
  const lines = rows.map(({ scope, code, message }) => `  ${scope}  ${code}  ${message}`);
  const more = job.error_count - rows.length;
  if (more > 0) lines.push(`  … and ${number(more)} more: portolan errors --scan ${job.id}`);
  await write(io.stdout, `\nErrors\n${lines.join('\n')}\n`);
}

function describe(job: Job, unitsDone: number): string {
  const { counts } = job;
  const covered = job.coverage['ports'];
  const lines = [
    ['Scan', job.scan_id === null ? job.id : `${job.id} (${job.scan_id})`],
    ['Status', job.is_partial && job.status === 'completed' ? 'completed, partial' : job.status],
    ['Type', job.scan_type],
    ['Command', commandOf(job)],
    ['Engine', engineOf(job)],
    ['Targets', targetsOf(job)],
    ['Ports', typeof covered === 'string' ? covered.slice(0, 200) : ''],
    ['Schedule', job.schedule ?? ''],
    ['Started', localTime(job.started_at)],
    ['Took', tookOf(job)],
    ['Done', job.unit_count === null ? '' : `${unitsDone} of ${count(job.unit_count, 'unit')}`],
    [
      'Found',
      `${count(job.hosts_up, 'host')} up, ${count(job.ports_open, 'open port')}, ` +
        count(counts['http_endpoints'] ?? 0, 'web page'),
    ],
    ['Probes', probes(counts)],
    ['Progress', progressText(job)],
    ['Queued', queueText(job)],
    ['Ends at latest', localTime(job.status === 'running' ? job.timeout_at : null)],
    ['Worker', job.worker_id ?? ''],
    ['Attempts', job.attempts > 1 ? String(job.attempts) : ''],
    ['Error', job.error_message ?? ''],
    ['Recorded by', isOwn(job) ? `Portolan ${job.tool_version}` : (job.tool_version ?? '')],
  ] as const;
  return `${factList(lines, 16)}\n`;
}

function progressText(job: Job): string {
  const { perSecond, leftMs } = progressOf(job);
  if (job.status === 'completed' || job.hosts_total === null) return '';
  return joinParts([
    `${job.progress_percent}%: ${number(job.hosts_done)} of ${count(job.hosts_total, 'host')}`,
    perSecond === null ? '' : `${number(perSecond)}/s`,
    leftMs === null ? '' : `${formatDuration(leftMs)} left`,
  ]);
}

function queueText(job: Job): string {
  if (!job.is_detached) return '';
  return joinParts([
    `priority ${priorityName(job.priority)}`,
    job.worker_label === null ? '' : `for workers with ${job.worker_label}`,
    job.status === 'pending' && job.run_at !== null ? `not before ${localTime(job.run_at)}` : '',
  ]);
}

/** Of another program: its name and the options that it was given. */
function engineOf({ config, scan_type: type }: Job): string {
  const { engine, engine_args: words } = config;
  if (engine !== 'nmap' && engine !== 'masscan') return '';
  return [type, ...(Array.isArray(words) ? words : [])].join(' ');
}

/** The command line of a scan: words where Portolan made it, else as the program had it. */
function commandOf(job: Job): string {
  const { args, tool_version: version } = job;
  if (version === null || !Array.isArray(args) || args.length === 0) return '';
  return isOwn(job) ? ['portolan', ...args.map(shellWord)].join(' ') : args.join(' ');
}

/** A word as a shell reads it back. */
function shellWord(word: unknown): string {
  const text = String(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function probes(counts: Job['counts']): string {
  const names = {
    probes_sent: 'sent',
    probes_answered: 'answered',
    probes_timed_out: 'timed out',
    probes_retried: 'retried',
    local_faults: 'repeated',
  };
  return Object.entries(names)
    .map(([name, word]) => ({ word, value: counts[name] ?? 0 }))
    .filter(({ value }) => value > 0)
    .map(({ word, value }) => `${number(value)} ${word}`)
    .join(', ');
}
