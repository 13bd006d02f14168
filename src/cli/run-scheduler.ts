import type { App } from '../app.ts';
import { systemClock } from '../core/clock.ts';
import { shortId } from '../core/ids.ts';
import { newLauncher } from '../jobs/launcher.ts';
import {
  passSchedules,
  runSchedules,
  type SchedulerOptions,
  storesOf,
} from '../jobs/run-schedules.ts';
import type { Store } from '../store/store.ts';
import { tenantName } from '../store/setup/tenants.ts';
import { type Io, stoppedStatus, write } from './io.ts';
import { localTime } from './text.ts';

interface Options {
  readonly once?: true;
  readonly scan: boolean;
  readonly concurrency: number;
  /** Looks after every tenant of the store. */
  readonly isForAll: boolean;
}

/** What `schedule run` does: makes scans when their time comes, and says so on stderr. */
export async function runScheduler(io: Io, app: App, options: Options): Promise<number> {
  const { isForAll } = options;
  // Whoever may not do that hears it now, and not once a second.
  await storesOf(app.store, { isForAll });
  const { say, said } = statusLog(io, isForAll && app.store.kind === 'postgres');
  let hasFailed = false;
  const onError = (error: Error): void => {
    hasFailed = true;
    say(`error: ${error.message}`);
  };
  const launcher = newLauncher({
    concurrency: options.concurrency,
    signal: io.signal,
    onEnd: ({ id, status }) => say(`scan ${shortId(id)} ${status}`),
    onError,
  });
  const scheduler: SchedulerOptions = {
    clock: systemClock,
    signal: io.signal,
    toolVersion: app.version,
    isForAll,
    ...(options.scan && { launch: (store: Store, scan: string) => launcher.launch(store, scan) }),
    onTick: ({ schedule, status, reason, scan }, store) =>
      say(
        `${schedule}: ${status}${scan === undefined ? '' : ` scan ${shortId(scan)}`}` +
          (reason === undefined ? '' : ` (${reason})`),
        store,
      ),
    onSuspend: (schedule, store) =>
      say(`${schedule}: suspended for its failures; "portolan schedule enable ${schedule}"`, store),
    onError,
  };
  const passAll = async (): Promise<void> => {
    for (const store of await storesOf(app.store, scheduler)) await passSchedules(store, scheduler);
  };
  if (options.once) {
    await passAll();
    await launcher.idle();
    // Once more, for how those scans ended.
    if (!io.signal.aborted) await passAll();
  } else {
    say('waiting for schedules; Ctrl-C ends it');
    await runSchedules(app.store, scheduler);
  }
  await launcher.idle();
  await said();
  if (options.once && io.signal.aborted) return stoppedStatus(io.signal);
  return options.once && hasFailed ? 1 : 0;
}

/** Says things with their time, and with the tenant where there may be several. */
function statusLog(
  io: Io,
  namesTenants: boolean,
): {
  readonly say: (text: string, store?: Store) => void;
  readonly said: () => Promise<void>;
} {
  let last = Promise.resolve();
  return {
    say(text, store) {
      const at = localTime(Date.now());
      const tell = async (): Promise<void> => {
        const tenant = store && namesTenants ? await tenantName(store.database) : '';
        await write(io.stderr, `${at}  ${tenant}${tenant && ': '}${text}\n`);
      };
      last = last.then(tell).catch(() => undefined);
    },
    said: () => last,
  };
}
