import type { RunUnit, ScanEvent } from '../../core/events.ts';
import type { ScanPlan } from '../../core/plan.ts';
import type { ScanContext } from '../scanner.ts';
import { pingHosts } from './ping.ts';

/**
 * Pings the hosts of each unit that no TCP connect found, and adds those that reply as up. Where the
 * system has no `ping`, one error row says so.
 */
export async function* pingSilentHosts(
  batches: AsyncIterable<readonly ScanEvent[]>,
  plan: Pick<ScanPlan, 'addressAt'>,
  { runId, progress, signal }: Pick<ScanContext, 'runId' | 'progress' | 'signal'>,
): AsyncIterable<readonly ScanEvent[]> {
  let isMissing = false;
  for await (const batch of batches) {
    const unit = batch.at(-1);
    if (isMissing || signal.aborted || unit?.type !== 'run.unit') {
      yield batch;
      continue;
    }
    const up = new Set(
      batch.flatMap((event) =>
        event.type === 'scan.host' && event.state === 'up' ? [event.addr] : [],
      ),
    );
    const silent: string[] = [];
    for (let position = unit.first; position <= unit.last; position++) {
      const addr = plan.addressAt(position);
      if (!up.has(addr)) silent.push(addr);
    }
    const replied = await pingHosts(silent, signal);
    isMissing = replied === undefined;
    progress.hostsUp += replied?.size ?? 0;
    yield replied ? withReplies(batch, unit, replied) : [missing(runId), ...batch];
  }
}

function withReplies(
  batch: readonly ScanEvent[],
  unit: RunUnit,
  replied: ReadonlySet<string>,
): readonly ScanEvent[] {
  const others = batch
    .slice(0, -1)
    .filter((event) => event.type !== 'scan.host' || !replied.has(event.addr));
  const found = { run_id: unit.run_id, state: 'up', reason: 'echo-reply', t: unit.t_end } as const;
  const hosts = [...replied].map((addr): ScanEvent => ({ type: 'scan.host', addr, ...found }));
  const counts = { ...unit.counts, hosts_up: (unit.counts['hosts_up'] ?? 0) + replied.size };
  return [...others, ...hosts, { ...unit, counts }];
}

function missing(runId: string): ScanEvent {
  return {
    type: 'run.error',
    run_id: runId,
    scope: 'run',
    code: 'PING_MISSING',
    message: 'no "ping" program was found, so hosts were probed by TCP only',
    t: Date.now(),
  };
}
