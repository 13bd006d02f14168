import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A reader's state after each chunk: `settling` is complete once the server falls silent. */
export type Progress = 'more' | 'settling' | 'done';

/** Why reading ended. */
export type Ending = 'done' | 'quiet' | 'closed' | 'timeout' | 'aborted' | 'error';

export interface ReceiveOptions {
  readonly timeoutMs: number;
  readonly quietMs: number;
  readonly signal: AbortSignal;
}

/**
 * One connection, plain or TLS: sends, and passes what arrives to a reader until that has enough, the
 * server falls silent or closes, or time is over. It never throws for what the other side does;
 * `error` is what broke. While nobody receives, the stream is paused, so that a server
 * that floods us fills its own buffers.
 */
export class Wire {
  readonly stream: Duplex;
  /** Whether TLS runs on this connection. */
  isLent = false;
  #error: Error | undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('error', (error: Error) => {
      this.#error ??= error;
    });
  }

  get error(): Error | undefined {
    return this.#error ?? this.stream.errored ?? undefined;
  }

  send(bytes: Uint8Array | string): void {
    if (this.stream.writable) this.stream.write(bytes);
  }

  receive(take: (chunk: Buffer) => Progress, options: ReceiveOptions): Promise<Ending> {
    const { stream } = this;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    let silence: NodeJS.Timeout | undefined;
    const finish = (ending: Ending) => {
      clearTimeout(silence);
      clearTimeout(limit);
      options.signal.removeEventListener('abort', onAbort);
      stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      stream.pause();
      resolve(ending);
    };
    const onAbort = () => finish('aborted');
    const onEnd = () => finish(this.error ? 'error' : 'closed');
    const onData = (chunk: Buffer) => {
      const progress = take(chunk);
      if (progress === 'done') return finish('done');
      clearTimeout(silence);
      if (progress === 'settling') silence = setTimeout(finish, options.quietMs, 'quiet');
    };
    const limit = setTimeout(finish, options.timeoutMs, 'timeout');
    if (options.signal.aborted) onAbort();
    else if (stream.destroyed || stream.readableEnded) onEnd();
    else {
      options.signal.addEventListener('abort', onAbort, { once: true });
      stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd).resume();
    }
    return promise;
  }

  /**
   * Ends the connection at once, by RST where it is a plain socket: no TIME_WAIT stays behind. Not
   * once its end was sent: a reset then fails inside Node (24.21), the handle is lost, and the
   * process spins at its end instead of exiting.
   */
  close(): void {
    const { stream } = this;
    const isPlain = stream instanceof Socket && !('encrypted' in stream) && !this.isLent;
    if (isPlain && stream.writable && !stream.readableEnded) stream.resetAndDestroy();
    else stream.destroy();
  }
}
