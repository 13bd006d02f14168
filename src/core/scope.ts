/** An address to be followed by a colon: IPv6 in brackets. */
function bracketed(addr: string): string {
  return addr.includes(':') ? `[${addr}]` : addr;
}

/** The scope text of a host in `run.error`. */
export function hostScope(addr: string): string {
  return `host:${bracketed(addr)}`;
}

/** The scope text of a port in `run.error`. */
export function portScope(addr: string, transport: string, port: number): string {
  return `port:${bracketed(addr)}:${transport}:${port}`;
}

/** `address:port`, IPv6 in brackets. */
export function hostPort(address: string, port: number): string {
  return `${bracketed(address)}:${port}`;
}
