import { AppError } from '../../errors.ts';
import { allowedOptions, type OptionRules } from '../external/allowed-options.ts';

const rules: OptionRules = {
  command: 'masscan',
  flags: new Set(['--banners', '--ping', '--open', '--open-only', '--nobacktrace']),
  valued: new Set([
    '-e',
    '-i',
    '--adapter',
    '--interface',
    '--adapter-ip',
    '--adapter-mac',
    '--adapter-port',
    '--adapter-vlan',
    '--router-mac',
    '--router-ip',
    '--source-ip',
    '--source-port',
    '--source-mac',
    '--rate',
    '--max-rate',
    '--retries',
    '--ttl',
    '--wait',
    '--connection-timeout',
    '--http-user-agent',
    '--hello',
    '--min-packet',
  ]),
  patterns: [],
  refused: [
    [
      /^-o|^--(output|append|rotate)/,
      'Portolan reads the output itself; "portolan export" writes it',
    ],
    [
      /^-p|^--(ports|top-ports|exclude-ports)/,
      'ports are given to portolan itself (-p, --top-ports)',
    ],
    [/^-i[LR]|^--(range|includefile|exclude|excludefile)/, 'targets are given to portolan itself'],
    [/^-c|^--(conf|resume|echo)/, 'its configuration is what portolan gives it'],
    [/^--(shard|shards|seed)/, 'shards and seeds are given to portolan itself'],
    [/^--(readscan|pcap|offline|infinite|selftest|iflist|version|help)|^-h$|^-V$/, 'it is no scan'],
  ],
};

/**
 * Checks options that a user hands through to masscan, and the privilege that it always needs.
 *
 * @throws AppError USAGE, naming the option and why it is refused; UNSUPPORTED without root
 */
export function masscanOptions(
  words: readonly string[],
  userId = process.geteuid?.(),
): readonly string[] {
  allowedOptions(words, rules);
  if (userId === 0) return words;
  throw new AppError('UNSUPPORTED', 'masscan needs root: run portolan with sudo, or --engine auto');
}
