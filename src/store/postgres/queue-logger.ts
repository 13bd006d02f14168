import { Logger } from 'graphile-worker';

/** Silences the queue library on the terminal. Important failures surface as errors. */
export function silent(): Logger {
  return new Logger(() => () => undefined);
}
