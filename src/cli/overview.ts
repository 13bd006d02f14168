import type { Io } from './io.ts';

/** What `portolan` alone prints: what one does first. */
export async function overview(io: Io): Promise<string> {
  void io;
  return `Portolan, the scan database.

  portolan demo                      a first look: scans a few servers that it starts itself
  portolan scan localhost            what listens on this machine?
  portolan scan 192.168.1.0/24       which hosts are up, and what runs on them?
  portolan import results.jsonl      take in results that you already have

Then ask:
  portolan ports                     open ports and services
  portolan hosts                     hosts, and "portolan host ADDRESS" for one's history
  portolan web                       web pages
  portolan scans                     scans so far

"portolan --help" lists all commands; each has --help with an example.
`;
}
