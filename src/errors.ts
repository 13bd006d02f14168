/**
 * Every error that a user can see has a code in this table, which sets the process's exit status
 * (sysexits where one fits) and the server's HTTP status.
 */
const codes = {
  USAGE: { exit: 2, http: 400 },
  INVALID_TARGET: { exit: 2, http: 400 },
  INVALID_PORTS: { exit: 2, http: 400 },
  REFUSED_TARGET: { exit: 2, http: 403 },
  CONFIRMATION_NEEDED: { exit: 2, http: 409 },
  NOT_FOUND: { exit: 1, http: 404 },
  AMBIGUOUS: { exit: 1, http: 409 },
  ILLEGAL_TRANSITION: { exit: 1, http: 409 },
  LEASE_LOST: { exit: 75, http: 409 },
  PORT_IN_USE: { exit: 1, http: 409 },
  PORT_RESERVED: { exit: 1, http: 409 },
  INVALID_PORT: { exit: 2, http: 400 },
  PROCESS_KILL_ERROR: { exit: 1, http: 409 },
  COMMAND_NOT_FOUND: { exit: 127, http: 404 },
  COMMAND_NOT_EXECUTABLE: { exit: 126, http: 403 },
  BUSY: { exit: 75, http: 503 },
  UNRESOLVED_NAME: { exit: 68, http: 422 },
  INVALID_INPUT: { exit: 65, http: 422 },
  NO_INPUT: { exit: 66, http: 404 },
  STORE_CORRUPT: { exit: 65, http: 500 },
  STORE_OLDER: { exit: 65, http: 500 },
  STORE_INCOMPLETE: { exit: 65, http: 500 },
  STORE_NEWER: { exit: 65, http: 500 },
  MIGRATION_EDITED: { exit: 65, http: 500 },
  STORE_UNWRITABLE: { exit: 73, http: 500 },
  STORE_UNREACHABLE: { exit: 69, http: 503 },
  STORE_DENIED: { exit: 77, http: 403 },
  UNKNOWN_OUTCOME: { exit: 75, http: 500 },
  STORE_FULL: { exit: 74, http: 507 },
  UNSUPPORTED: { exit: 69, http: 501 },
  LIMIT_EXCEEDED: { exit: 1, http: 422 },
  SCANNER_FAILED: { exit: 70, http: 502 },
  INTERRUPTED: { exit: 130, http: 499 },
} as const;

/** The closed list of error codes. */
export type ErrorCode = keyof typeof codes;

/**
 * An error that says what failed, with which value, and what to do about it.
 *
 * @example throw new AppError('INVALID_TARGET', `"${text}" is not an address, network or range`)
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Exit status of a process that ends with this error. */
  get exitCode(): number {
    return codes[this.code].exit;
  }

  /** HTTP status of a request that ends with this error. */
  get httpStatus(): number {
    return codes[this.code].http;
  }
}

/** An error's system code (`ECONNREFUSED`, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Converts anything thrown to an Error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
