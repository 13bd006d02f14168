/** Options of nmap with two letters, which the option parser would read as two options. */
const spellings: Readonly<Record<string, string>> = {
  '-iL': '--input-list',
  '-Pn': '--assume-up',
};

/** The words of a scan with nmap's spellings replaced by Portolan's; others as they are. */
export function fromNmapSpelling(words: readonly string[]): readonly string[] {
  if (words[0] !== 'scan' && words[0] !== 'discover') return words;
  return words.map((word) => spellings[word] ?? word);
}
