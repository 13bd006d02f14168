import { stoppedStatus } from './io.ts';
import { main } from './main.ts';
import type { Program } from './command.ts';

/**
 * Signals so close together are one: npm passes on a Ctrl-C that the terminal has sent to all of
 * its processes already.
 */
const oneKeyMs = 500;

/** Runs a program on this process's own streams, signals and arguments, and sets its status. */
export async function runProcess(program: Program): Promise<void> {
  const controller = abortOnSignals();
  // A reader that has closed (`portolan ports | head`) is not an error; a full disk is.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    controller.abort(error);
    if (error.code === 'EPIPE') {
      process.exitCode = 0;
      return;
    }
    process.stderr.write(`${program.name}: cannot write the output: ${error.message}\n`);
    process.exitCode = 74;
  });

  let isStdinUsed = false;
  const status = await main(
    process.argv.slice(2),
    {
      // A command that reads nothing need not wait for the stream to be made.
      get stdin() {
        isStdinUsed = true;
        return process.stdin;
      },
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      signal: controller.signal,
    },
    program,
  );
  process.exitCode ??= status;
  // A keep-alive handle of the input must not hold a finished command back.
  if (isStdinUsed) process.stdin.unref?.();
}

/** A controller that the first Ctrl-C aborts, in good order; the next one ends the process at once. */
function abortOnSignals(): AbortController {
  const controller = new AbortController();
  let askedAt = Number.NEGATIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) {
        askedAt = performance.now();
        controller.abort(new DOMException(signal, 'AbortError'));
      } else if (performance.now() - askedAt > oneKeyMs) {
        process.exit(stoppedStatus(controller.signal));
      }
    });
  }
  return controller;
}
