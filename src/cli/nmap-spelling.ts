import { AppError } from '../errors.ts';

/** Options of nmap with two letters, which the option parser would read as two options. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  '-iL': ['--input-list'],
  '-Pn': ['--assume-up'],
  '-F': ['--top-ports', '100'],
  // Always on.
  '-sT': [],
  '-sV': [],
};

/** What Portolan has in place of others. */
const hints: Readonly<Record<string, string>> = {
  '-sS': 'ports are probed with full connects: leave -sS out, or use --engine nmap --nmap-args -sS',
  '-sU': 'name UDP ports with -p U:53,161',
  '-sn': 'use "portolan discover", which only finds hosts that are up',
  '-sP': 'use "portolan discover", which only finds hosts that are up',
  '-sL': 'use --dry-run, which prints what would be scanned',
  '-sC': 'leave -sC out, or use --engine nmap --nmap-args -sC, which has scripts',
  '-A': 'services, pages and certificates are always identified: leave -A out',
  '-O': 'leave -O out, or use --engine nmap --nmap-args -O, which detects operating systems',
  '-oX': 'use --jsonl or --json with -o FILE',
  '-oG': 'use --silent, --csv or --jsonl with -o FILE',
  '-oN': 'use -o FILE',
  '-oA': 'use --jsonl with -o FILE; the store keeps everything',
};

/**
 * The words of a scan with nmap's spellings replaced by Portolan's; others as they are.
 *
 * @throws AppError USAGE for an option of nmap that Portolan does not have, and what to do instead
 */
export function fromNmapSpelling(words: readonly string[]): readonly string[] {
  if (words[0] !== 'scan' && words[0] !== 'discover') return words;
  return words.flatMap((word, index) => {
    // What follows is for the program that it names.
    if (/^--(nmap|masscan)-args$/.test(words[index - 1] ?? '')) return [word];
    const hint = hints[word];
    if (hint !== undefined) throw new AppError('USAGE', `${word} is an option of nmap: ${hint}`);
    return spellings[word] ?? [word];
  });
}
