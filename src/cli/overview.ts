import type { Io } from './io.ts';

/** What `portolan` alone prints: what one does first. */
export async function overview(io: Io): Promise<string> {
  void io;
  return `Portolan, the scan database.

  portolan demo                      a first look: scans a few demo servers
  portolan scan localhost            what listens on this machine?
  portolan scan 192.168.1.0/24       which hosts are up, and which services do they run?
  portolan import results.jsonl      import results from other scanners

Then look at the results:
  portolan ports                     open ports and services
  portolan hosts                     hosts ("portolan host ADDRESS" shows one)
  portolan web                       web pages
  portolan scans                     scans so far

"portolan --help" lists all commands; each has --help with an example.
`;
}
