/**
 * Turns work that passes values to a callback into a generator. The work waits until each value is
 * taken, so that none pile up. A reader that stops early aborts the work.
 *
 * @param work receives the callback for values and a signal to stop
 * @returns yields the values, then returns the work's result
 * @throws what the work throws
 */
export async function* toGenerator<Value, Result>(
  work: (push: (value: Value) => Promise<void>, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Value, Result> {
  const stop = new AbortController();
  const { readable, writable } = new TransformStream<Value, Value>();
  const writer = writable.getWriter();
  // After the reader has stopped, a value has nowhere to go.
  const push = (value: Value): Promise<void> =>
    stop.signal.aborted ? Promise.resolve() : writer.write(value).catch(() => undefined);
  const run = async (): Promise<Result> => {
    try {
      return await work(push, stop.signal);
    } finally {
      writer.close().catch(() => undefined); // the reader has stopped already
    }
  };
  const ended = run();
  ended.catch(() => undefined); // awaited below, whatever the reader does
  try {
    yield* readable;
    return await ended;
  } finally {
    stop.abort();
    await ended.catch(() => undefined);
  }
}
