import { pipeline, Readable } from 'node:stream';
import zlib from 'node:zlib';
import { AppError, systemCode } from '../errors.ts';
import { peek } from './peek.ts';

const magic = { gzip: Buffer.from([0x1f, 0x8b]), zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) };

/**
 * Decompresses gzip and zstd, recognized by their first bytes, and passes on anything else. A
 * truncated compressed file yields its beginning, then calls `onCutOff`.
 *
 * @throws AppError UNSUPPORTED for zstd if this Node.js lacks it
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  name: string,
  onCutOff: () => void,
): AsyncGenerator<Uint8Array> {
  const { head, all } = await peek(source, 4);
  const decoder = decoderFor(head, name);
  if (!decoder) {
    yield* all;
    return;
  }
  // The loop below gets the error; pipeline only destroys both ends.
  pipeline(Readable.from(all), decoder, () => {});
  try {
    for await (const chunk of decoder) yield chunk;
  } catch (error) {
    if (systemCode(error) !== 'Z_BUF_ERROR') throw broken(name, error);
    onCutOff();
  }
}

function decoderFor(head: Buffer, name: string): zlib.Gunzip | zlib.ZstdDecompress | undefined {
  if (head.subarray(0, 2).equals(magic.gzip)) return zlib.createGunzip();
  if (!head.equals(magic.zstd)) return undefined;
  if (typeof zlib.createZstdDecompress === 'function') return zlib.createZstdDecompress();
  throw new AppError(
    'UNSUPPORTED',
    `${name} is compressed with zstd, which this Node.js cannot read: run "zstd -d" on it first`,
  );
}

function broken(name: string, error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (!code.startsWith('Z_') && !code.startsWith('ERR_ZSTD')) return error;
  return new AppError('INVALID_INPUT', `${name} cannot be decompressed: it is damaged (${code})`, {
    cause: error,
  });
}
