import { scanJson } from '../../resources/scans.ts';
import { markCrashedJobs } from '../../store/scans/crash-detection.ts';
import { findJob } from '../../store/scans/find-scan.ts';
import type { Job } from '../../store/scans/jobs.ts';
import { cancelJob, pauseJob, removeEndedJob, requeueJob } from '../../store/scans/transitions.ts';
import type { StoreDatabase } from '../../store/store.ts';
import type { CommandModule } from '../command.ts';
import { addOutputOptions, type OutputOptions, writeOne } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

/** A command that changes one scan, and prints it as it is then. */
function scanAction(
  help: string,
  change: (db: StoreDatabase, scan: Job) => Promise<Job>,
  became = ({ status }: Job): string => status,
): CommandModule {
  return {
    define(command) {
      command.argument('<scan>', 'its id, the start of its id, its name, or "last"');
      addStoreOption(addOutputOptions(command)).addHelpText('after', help);
    },
    async run(io, [reference]: readonly string[], options: OutputOptions & StoreOptions) {
      await using app = await openFrom(io, options);
      const { database } = app.store;
      await markCrashedJobs(database);
      const scan = await change(database, await findJob(database, reference ?? ''));
      await writeOne(io, options, {
        text: () => `Scan ${scan.id} is ${became(scan)}.\n`,
        json: () => scanJson(scan),
      });
    },
  };
}

export const cancel = scanAction(
  `
Ends a scan wherever it runs, within a second. Results so far are kept.

Examples:
  portolan cancel last
  portolan cancel 019aa1c2`,
  (db, { id }) => cancelJob(db, id),
);

export const pause = scanAction(
  `
Stops a running scan wherever it runs, within a second. Results so far are kept;
"portolan resume" continues it.

Examples:
  portolan pause last
  portolan pause nightly`,
  (db, { id }) => pauseJob(db, id),
);

/** The attempts of a scan that is queued again. */
const attempts = 3;

export const retry = scanAction(
  `
Queues a scan again that failed, crashed or was cancelled. Workers run what is not done yet, with
${attempts} attempts.

Examples:
  portolan retry last
  portolan retry nightly --json`,
  (db, { id }) => requeueJob(db, id, { detach: true, attemptsLeft: attempts }),
);

export const remove = scanAction(
  `
Removes a scan and its results; the inventory keeps what is known of hosts and ports. Cancel a
running scan first.

Example:
  portolan remove 019aa1c2`,
  async (db, scan) => {
    await removeEndedJob(db, scan.id);
    return scan;
  },
  () => 'removed',
);
