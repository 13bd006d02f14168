import { type Command, Option } from 'commander';
import { defaultConcurrency, defaultScanTypes, runWorker } from '../../jobs/worker.ts';
import { type Io, write } from '../io.ts';
import { durationOption, integerOption } from '../option-values.ts';
import { limitHeap } from '../limit-heap.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { localTime } from '../text.ts';

interface Options extends StoreOptions {
  readonly concurrency: number;
  readonly scanTypes: string[];
  readonly label: string[];
  readonly lease?: number;
}

export function define(command: Command): void {
  command
    .option('--concurrency <n>', 'leases at once', integerOption(1, 64), defaultConcurrency)
    .addOption(
      new Option('--scan-types <types...>', 'the scans that it runs')
        .choices(['network', 'discovery', 'listeners'])
        .default([...defaultScanTypes]),
    )
    .option('--label <labels...>', 'labels that scans may require: zone=dmz', [])
    .option('--lease <time>', 'how long its leases last without a heartbeat (30s)', durationOption);
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
Runs queued scans ("portolan scan --detach") until Ctrl-C or SIGTERM: then it records its results,
returns unfinished leases and exits. Any number of workers on any machines share a PostgreSQL store
and serve all its tenants; workers on one machine share a SQLite file.

Examples:
  portolan worker
  portolan worker --concurrency 8 --label zone=dmz
  portolan worker --db postgres://portolan@db.example.com/portolan`;

export async function run(io: Io, _operands: [], options: Options): Promise<void> {
  limitHeap();
  await using app = await openFrom(io, options, true);
  const say = (text: string): void => void io.stderr.write(`${localTime(Date.now())} ${text}\n`);
  await runWorker(app.store, {
    signal: io.signal,
    concurrency: options.concurrency,
    scanTypes: options.scanTypes,
    labels: options.label,
    ...(options.lease !== undefined && { leaseMs: options.lease }),
    onError: (error) => say(error.message),
    onReady: (id) => say(`worker ${id} is ready, on ${app.store.location}`),
  });
  await write(io.stderr, 'The worker has returned its unfinished leases.\n');
}
