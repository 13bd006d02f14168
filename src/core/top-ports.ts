/** TCP ports, most often found open first. */
export const topTcpPorts: readonly number[] = [80, 443, 22];
/** UDP ports, most often found open first. */
export const topUdpPorts: readonly number[] = [53];
