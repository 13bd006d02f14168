import { Duplex } from 'node:stream';
import { type ByteStore, byteStore } from './byte-store.ts';

/** What is kept of each direction: enough for ClientHello and ServerHello. */
const maxTappedBytes = 32_768;

/**
 * A stream between TLS and its connection that keeps the first bytes of both directions, where the
 * ClientHello and ServerHello are: Node gives no access to them.
 */
export class Tap extends Duplex {
  readonly sent: ByteStore = byteStore(maxTappedBytes);
  readonly received: ByteStore = byteStore(maxTappedBytes);
  readonly #inner: Duplex;

  constructor(inner: Duplex) {
    super({ allowHalfOpen: false });
    this.#inner = inner;
    inner.on('data', (chunk: Buffer) => {
      this.received.add(chunk);
      if (!this.push(chunk)) inner.pause();
    });
    inner.once('end', () => this.push(null));
    inner.once('error', (error) => this.destroy(error));
    inner.once('close', () => this.destroy());
    inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.sent.add(chunk);
    this.#inner.write(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.#inner.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#inner.destroy();
    callback(error);
  }
}
