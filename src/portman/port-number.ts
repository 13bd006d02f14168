import { parsePorts } from '../core/ports.ts';
import { AppError, type ErrorCode } from '../errors.ts';

/**
 * A port number 1 … 65535 from text.
 *
 * @throws AppError INVALID_PORT
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  assertPort(port, text);
  return port;
}

/**
 * Ports from words such as `3000`, `3000,3005`, `4000-4010`: ascending, without doubles.
 *
 * @throws AppError INVALID_PORT
 */
export function parsePortWords(words: readonly string[]): number[] {
  const text = words.join(',');
  try {
    return [...parsePorts(text).tcp];
  } catch (cause) {
    throw invalid(text, cause);
  }
}

/** @throws AppError INVALID_PORT */
export function assertPort(port: number, text: string = String(port)): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(text);
}

/** An error about one port, which its details name. */
export function portError(
  code: ErrorCode,
  port: number,
  text: string,
  details: Readonly<Record<string, unknown>> = {},
): AppError {
  return new AppError(code, `port ${port} ${text}`, { details: { port, ...details } });
}

function invalid(text: string, cause?: unknown): AppError {
  return new AppError(
    'INVALID_PORT',
    `"${text}" is not a valid port: a port is a number from 1 to 65535 (ranges: 3000-3010)`,
    { cause },
  );
}
