/** The scope text of a port in `run.error`; IPv6 in brackets. */
export function portScope(addr: string, transport: string, portNumber: number): string {
  return `port:${addr.includes(':') ? `[${addr}]` : addr}:${transport}:${portNumber}`;
}
