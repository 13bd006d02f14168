import type { Command } from 'commander';
import { discoveryRequest } from '../../scan/discovery/discovery-request.ts';
import { addScanOptions, type ScanOptions } from '../scan-options.ts';
import { addOutputOptions, type OutputOptions, silentOption } from '../output.ts';
import type { Io } from '../io.ts';
import { runScanCommand } from '../run-scan-command.ts';
import { addStoreOption, type StoreOptions } from '../store-option.ts';

type Options = ScanOptions &
  OutputOptions &
  StoreOptions & {
    readonly ping: boolean;
    readonly silent?: boolean;
    readonly verbose?: boolean;
  };

export function define(command: Command): void {
  addScanOptions(command)
    .option('--no-ping', 'probe by TCP only, not with the system’s "ping"')
    .addOption(silentOption('print only the addresses that are up'))
    .option('-v, --verbose', 'print probes, retries and losses');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
A host is up when it accepts or refuses a TCP connect to one of some common ports, or answers the
system's "ping". Names come from reverse DNS.

Examples:
  portolan discover 192.168.1.0/24
  portolan discover 10.0.0.0/16 --rate 2000 --silent | portolan scan -`;

export async function run(
  io: Io,
  [words]: [string[]],
  options: Options,
  line: readonly string[],
): Promise<number> {
  return runScanCommand(io, words, {
    ...options,
    line,
    ask: { ...discoveryRequest, engine: options.engine, icmp_ping: options.ping },
  });
}
