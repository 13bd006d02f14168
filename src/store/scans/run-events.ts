import { omitUndefined } from '../../core/omit-undefined.ts';
import type { RunFinish, RunStart } from '../../core/events.ts';
import type { Job } from './jobs.ts';

/** A scan's `run.start`. */
export function runStart(job: Job): RunStart {
  return {
    type: 'run.start',
    run_id: job.id,
    t: job.started_at ?? job.requested_at,
    tool_version: job.tool_version ?? '',
    args: job.args,
    scan_type: job.scan_type,
    config: job.config as RunStart['config'],
    coverage: job.coverage as RunStart['coverage'],
    ...omitUndefined({ git_sha: job.git_sha, scan_id: job.scan_id }),
  };
}

/** A scan's `run.finish`, as of now. */
export function runFinish(job: Job): RunFinish {
  return {
    type: 'run.finish',
    run_id: job.id,
    t: job.completed_at ?? job.heartbeat_at ?? job.started_at ?? job.requested_at,
    status: finalStatus(job),
    host_count: job.host_count,
    error_count: job.error_count,
    counts: job.counts,
    ...omitUndefined({ error_message: job.error_message }),
  };
}

/** An unfinished scan is exported as partial. */
function finalStatus({ status, is_partial }: Job): RunFinish['status'] {
  if (status === 'completed') return is_partial ? 'partial' : 'completed';
  return status === 'failed' || status === 'cancelled' || status === 'crashed' ? status : 'partial';
}
