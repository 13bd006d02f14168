import { AppError } from '../../errors.ts';
import {
  assertAllowed,
  optionSet,
  type OptionRules,
  refusals,
} from '../external/allowed-options.ts';

const rules: OptionRules = {
  command: 'masscan',
  flags: optionSet('--banners --ping --open --open-only --nobacktrace'),
  valued: optionSet(`
    -e -i --adapter --interface --adapter-ip --adapter-mac --adapter-port --adapter-vlan
    --router-mac --router-ip --source-ip --source-port --source-mac --rate --max-rate
    --retries --ttl --wait --connection-timeout --http-user-agent --hello --min-packet`),
  patterns: [],
  refused: [
    [/^-o|^--(output|append|rotate)/, refusals.output],
    [/^-p|^--(ports|top-ports|exclude-ports)/, refusals.ports],
    [/^-i[LR]|^--(range|includefile|exclude|excludefile)/, refusals.targets],
    [/^-c|^--(conf|resume|echo)/, 'portolan sets its configuration'],
    [/^--(shard|shards|seed)/, 'shards and seeds are given to portolan itself'],
    [
      /^--(readscan|pcap|offline|infinite|selftest|iflist|version|help)|^-h$|^-V$/,
      'it does not scan',
    ],
  ],
};

/**
 * Checks options that a user passes through to masscan, and the privilege that it always needs.
 *
 * @throws AppError USAGE, naming the option and why it is refused; UNSUPPORTED without root
 */
export function masscanOptions(
  words: readonly string[],
  userId = process.geteuid?.(),
): readonly string[] {
  assertAllowed(words, rules);
  if (userId === 0) return words;
  throw new AppError('UNSUPPORTED', 'masscan needs root: run portolan with sudo, or --engine auto');
}
