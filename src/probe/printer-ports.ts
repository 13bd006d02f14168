/** Whether printers listen on a port. They print what they are sent, so it is never probed. */
export function isPrinterPort(port: number): boolean {
  return port >= 9100 && port <= 9107;
}
