import type { Command } from 'commander';
import { type EngineOptions, readEngine } from '../engine-options.ts';
import { addScanOptions, type ScanOptions } from '../scan-options.ts';
import { addOutputOptions, type OutputOptions, silentOption } from '../output.ts';
import type { Io } from '../io.ts';
import { addSettingOptions } from '../setting-options.ts';
import { runScanCommand } from '../run-scan-command.ts';
import { addStoreOption, type StoreOptions } from '../store-option.ts';

type Options = ScanOptions &
  EngineOptions &
  OutputOptions &
  StoreOptions & {
    readonly silent?: boolean;
    readonly verbose?: boolean;
  };

export function define(command: Command): void {
  addScanOptions(command, ['auto', 'epoll', 'sockets', 'nmap', 'masscan']);
  addSettingOptions(command, ['ports', 'top_ports', 'assume_up', 'probe', 'record_all'])
    .option('--nmap-args <options>', 'with --engine nmap: options for nmap, such as "-sS -sV -O"')
    .option('--masscan-args <options>', 'with --engine masscan: options for masscan')
    .addOption(silentOption('print only host:port lines, as soon as they are found'))
    .option('-v, --verbose', 'print probes, retries and losses');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Scans all ports on loopback, and the 1,000 most common ones elsewhere. Discovery first finds the hosts
of a network that are up; addresses and names given one by one are always scanned. --engine nmap runs
the installed nmap (it uses the Nmap Security Scanner, https://nmap.org), --engine masscan the
installed masscan.

Examples:
  portolan scan localhost
  portolan scan 192.168.1.0/24 --exclude 192.168.1.1
  portolan scan 10.0.0.0/8 -p 22,80,443 --rate 5000 --shard 1/4 --seed march --yes
  portolan scan --target office --profile web
  portolan scan www.example.com -p - --jsonl -o events.jsonl
  portolan scan -i targets.txt --silent | httpx
  sudo portolan scan 10.0.0.5 --engine nmap --nmap-args '-sS -sV -O'`;

export async function run(
  io: Io,
  [words]: [string[]],
  options: Options,
  line: readonly string[],
): Promise<number> {
  return runScanCommand(io, words, { ...options, line, ask: readEngine(options) });
}
