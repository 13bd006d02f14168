import type { App } from '../app.ts';
import { shortId } from '../core/ids.ts';
import { runScheduler } from '../jobs/scheduler.ts';
import { tenantName } from '../store/setup/tenants.ts';
import type { Store } from '../store/store.ts';
import { type Io, stoppedStatus, write } from './io.ts';
import { localTime } from './text.ts';

interface Options {
  readonly once?: true;
  readonly scan: boolean;
  readonly concurrency: number;
  /** Serves every tenant of the store. */
  readonly isForAll: boolean;
}

/** What `schedule run` does: runs the scans of schedules, and logs them on stderr. */
export async function logScheduler(
  io: Io,
  { store, version }: App,
  options: Options,
): Promise<number> {
  const { once, scan, concurrency, isForAll } = options;
  const { say, flushed } = schedulerLog(io, isForAll && store.isShared);
  let hasFailed = false;
  await runScheduler(store, {
    once,
    concurrency: scan ? concurrency : undefined,
    signal: io.signal,
    toolVersion: version,
    isForAll,
    onReady: () => say('waiting for schedules; press Ctrl-C to stop'),
    onScanEnd: ({ id, status }) => say(`scan ${shortId(id)} ${status}`),
    onTick: ({ schedule, status, reason, scan: id }, tenant) => {
      const made = id === undefined ? '' : ` scan ${shortId(id)}`;
      say(`${schedule}: ${status}${made}${reason === undefined ? '' : ` (${reason})`}`, tenant);
    },
    onSuspend: (schedule, tenant) =>
      say(
        `${schedule}: suspended after repeated failures; "portolan schedule enable ${schedule}"`,
        tenant,
      ),
    onError: (error) => {
      hasFailed = true;
      say(`error: ${error.message}`);
    },
  });
  await flushed();
  if (!once) return 0;
  if (io.signal.aborted) return stoppedStatus(io.signal);
  return hasFailed ? 1 : 0;
}

/** Prints lines with their time, and with the tenant where there may be several. */
function schedulerLog(
  io: Io,
  namesTenants: boolean,
): {
  readonly say: (text: string, store?: Store) => void;
  readonly flushed: () => Promise<void>;
} {
  let last = Promise.resolve();
  return {
    say(text, store) {
      const at = localTime(Date.now());
      const print = async (): Promise<void> => {
        const tenant = store && namesTenants ? await tenantName(store.database) : '';
        await write(io.stderr, `${at}  ${tenant}${tenant && ': '}${text}\n`);
      };
      last = last.then(print).catch(() => undefined);
    },
    flushed: () => last,
  };
}
