import { main } from './main.ts';

/** How long Ctrl-C waits for a tidy end until a second one ends the process at once. */
const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new DOMException(signal, 'AbortError'));
  });
}

// A reader that went away (`portolan ports | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  controller.abort(error);
  process.exitCode = 0;
});

const status = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: controller.signal,
});
process.exitCode ??= status;
// A keep-alive handle of the input must not hold a finished command back.
process.stdin.unref?.();
