import { shortId } from '../core/ids.ts';
import type { Job } from '../store/scans/jobs.ts';
import { jobJson } from './commands/scans.ts';
import { type Io, write } from './io.ts';
import { formatOf, type OutputOptions, withOutput } from './output.ts';
import { count } from '../core/quantity.ts';

/** One line that says what became of a scan, or the scan as JSON. */
export function jobSummary(job: Job, format: ReturnType<typeof formatOf>): string {
  if (format !== 'table') {
    return `${JSON.stringify(jobJson(job), null, format === 'json' ? 2 : 0)}\n`;
  }
  const parts = [
    `Scan ${job.id} ${job.status}: ${count(job.hosts_up, 'host')} up`,
    count(job.ports_open, 'open port'),
    `${job.progress_percent}% done`,
    job.error_message ?? '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.\n`;
}

/** What is said of a scan that was left to workers. */
export async function sayQueued(io: Io, options: OutputOptions, job: Job): Promise<number> {
  const format = formatOf(options);
  await withOutput(io, options, (stream) =>
    write(stream, format === 'table' ? `${job.id}\n` : jobSummary(job, format)),
  );
  const id = shortId(job.id);
  await write(io.stderr, `Left to workers. Follow it: portolan wait ${id}\n`);
  return 0;
}
