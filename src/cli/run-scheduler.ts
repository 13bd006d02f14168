import type { App } from '../app.ts';
import { systemClock } from '../core/clock.ts';
import { newLauncher } from '../jobs/launcher.ts';
import { passSchedules, runSchedules, type SchedulerOptions } from '../jobs/run-schedules.ts';
import { type Io, write } from './io.ts';
import { localTime } from './text.ts';

/** What `schedule run` does: makes scans when their time comes, and says so on stderr. */
export async function runScheduler(
  io: Io,
  app: App,
  options: { readonly once?: true; readonly scan: boolean; readonly concurrency: number },
): Promise<number> {
  const say = (text: string): void => void write(io.stderr, `${localTime(Date.now())}  ${text}\n`);
  let hasFailed = false;
  const onError = (error: Error): void => {
    hasFailed = true;
    say(`error: ${error.message}`);
  };
  const launcher = newLauncher(app.store, {
    concurrency: options.concurrency,
    signal: io.signal,
    onEnd: ({ id, status }) => say(`scan ${id.slice(0, 13)} ${status}`),
    onError,
  });
  const scheduler: SchedulerOptions = {
    clock: systemClock,
    signal: io.signal,
    toolVersion: app.version,
    ...(options.scan && { launch: (scan: string) => launcher.launch(scan) }),
    onTick: ({ schedule, status, reason, scan }) =>
      say(
        `${schedule}: ${status}${scan === undefined ? '' : ` scan ${scan.slice(0, 13)}`}` +
          (reason === undefined ? '' : ` (${reason})`),
      ),
    onSuspend: (schedule) =>
      say(`${schedule}: suspended for its failures; "portolan schedule enable ${schedule}"`),
    onError,
  };
  if (options.once) {
    await passSchedules(app.store, scheduler);
    await launcher.idle();
    // Once more, for how those scans ended.
    if (!io.signal.aborted) await passSchedules(app.store, scheduler);
  } else {
    say('waiting for schedules; Ctrl-C ends it');
    await runSchedules(app.store, scheduler);
  }
  await launcher.idle();
  if (io.signal.aborted) return 130;
  return hasFailed ? 1 : 0;
}
