import { AppError } from '../../errors.ts';
import {
  assertAllowed,
  optionSet,
  type OptionRules,
  refusals,
} from '../external/allowed-options.ts';

const noScan = 'it prints something instead of scanning';
const noTable = 'only TCP and UDP ports are recorded';

/** Options of nmap that are passed through. */
const rules: OptionRules = {
  command: 'nmap',
  flags: optionSet(`
    -A -O -Pn -n -R -r -f -PE -PP -PM -PR --osscan-limit --osscan-guess --fuzzy --traceroute
    --reason --version-light --version-all --version-trace --script-trace --packet-trace
    --disable-arp-ping --discovery-ignore-rst --defeat-rst-ratelimit --defeat-icmp-ratelimit
    --system-dns --badsum --adler32 --privileged --unprivileged --send-eth --send-ip
    --randomize-hosts --resolve-all --unique --allports --nogcc`),
  valued: optionSet(`
    -e -g -S -D -M --source-port --dns-servers --proxies --proxy --data --data-string
    --data-length --ip-options --ttl --spoof-mac --mtu --scanflags --max-retries --min-rate
    --max-rate --min-parallelism --max-parallelism --min-hostgroup --max-hostgroup
    --min-rtt-timeout --max-rtt-timeout --initial-rtt-timeout --host-timeout --scan-delay
    --max-scan-delay --script --script-args --script-args-file --script-timeout
    --version-intensity --datadir --servicedb --versiondb --max-os-tries --nsock-engine`),
  patterns: [
    /^-s[STUAWMNFXVCRn]+$/,
    /^-T([0-5]|paranoid|sneaky|polite|normal|aggressive|insane)$/i,
    /^-v{1,3}$/,
    /^-d{1,2}$/,
    /^-P[SAU][\d,-]*$/,
    /^-PO[\d,]*$/,
    /^-PY[\d,-]*$/,
  ],
  refused: [
    [/^-o|^--(append-output|stylesheet|webxml|no-stylesheet)/, refusals.output],
    [/^-p|^-F$|^--(top-ports|port-ratio|exclude-ports)/, refusals.ports],
    [/^-i|^--(exclude|excludefile)/, refusals.targets],
    [/^-6$/, 'Portolan sets it for IPv6 targets'],
    [/^--resume/, '"portolan resume" starts the scan again'],
    [/^--stats-every|^--noninteractive/, 'Portolan sets it'],
    [
      /^--open$/,
      'it hides which ports are closed; "portolan ports --state open" lists the open ones',
    ],
    [/^-sL$|^-h$|^-V$|^--(help|version|iflist|script-help|script-updatedb)/, noScan],
    [/^-s[OYZ]/, noTable],
    [/^-s[ILbP]|^-b/, 'it is not one of the scans that are passed through'],
  ],
};

/** What options of nmap mean for a scan. */
export interface NmapOptions {
  readonly words: readonly string[];
  /** Whether TCP and UDP ports are scanned. */
  readonly tcp: boolean;
  readonly udp: boolean;
  /** `-sn`: no ports at all. */
  readonly isDiscovery: boolean;
  /** The options that need raw sockets. */
  readonly raw: readonly string[];
}

/**
 * Checks options that a user passes through to nmap.
 *
 * @throws AppError USAGE, naming the option and why it is refused
 */
export function nmapOptions(words: readonly string[]): NmapOptions {
  assertAllowed(words, rules);
  const scans = words.flatMap((word) => /^-s([A-Za-z]+)$/.exec(word)?.[1] ?? []).join('');
  const isDiscovery = scans.includes('n');
  const udp = scans.includes('U');
  const tcp = /[STAWMNFX]/.test(scans) || !udp;
  const raw = words.filter(isRaw);
  return { words, tcp: tcp && !isDiscovery, udp: udp && !isDiscovery, isDiscovery, raw };
}

const rawOptions = optionSet(
  '-O -f --traceroute -D -S -e --spoof-mac --mtu --badsum --send-eth --scanflags --ttl',
);

function isRaw(word: string): boolean {
  const [name = ''] = word.split('=');
  return /^-s[A-Za-z]*[SUAWMNFX]/.test(word) || /^-P[OY]/.test(word) || rawOptions.has(name);
}

/**
 * Refuses scans that need raw sockets where this user has none.
 *
 * @throws AppError UNSUPPORTED
 */
export function assertPrivileged({ raw, words }: NmapOptions, userId = process.geteuid?.()): void {
  if (raw.length === 0 || userId === 0 || words.includes('--privileged')) return;
  throw new AppError(
    'UNSUPPORTED',
    `${raw.join(' ')} of nmap needs root: run portolan with sudo, use -sT, or where nmap has the ` +
      'capability (setcap) add --privileged to --nmap-args',
  );
}
