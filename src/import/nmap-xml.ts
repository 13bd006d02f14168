import type { Importer } from './importer.ts';

/** XML of nmap (`-oX`), and of masscan in the same form. */
export const nmapXml: Importer = {
  name: 'nmap-xml',
  title: 'nmap or masscan XML (-oX)',
  sniff: (head) => /^\uFEFF?\s*</.test(head.toString()) && head.includes('<nmaprun'),
  async *read(input) {
    const { readNmapXml } = await import('./nmap/read-nmap-xml.ts');
    yield* readNmapXml(input);
  },
};
