import { createHash } from 'node:crypto';
import { murmur3 } from './murmur3.ts';

/** The hashes that identify a favicon: Shodan's and httpx's, and an MD5. */
export interface FaviconHashes {
  /** MurmurHash3 of the base64 text, signed. */
  readonly murmur3: number;
  readonly md5: string;
}

/** The hashes of a favicon; undefined where the bytes are not an image (an error page, for example). */
export function faviconHashes(bytes: Buffer): FaviconHashes | undefined {
  if (!isImage(bytes)) return undefined;
  return { murmur3: faviconMurmur3(bytes), md5: createHash('md5').update(bytes).digest('hex') };
}

/**
 * MurmurHash3 over standard base64 with a line feed after every 76 characters and at the end, as
 * Python's `base64.encodebytes` writes it: the form in which these hashes are published.
 */
export function faviconMurmur3(bytes: Buffer): number {
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? [];
  return murmur3(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'));
}

const signatures: readonly (readonly [offset: number, bytes: string])[] = [
  [0, '\0\0\x01\0'],
  [0, '\0\0\x02\0'],
  [0, '\x89PNG\r\n\x1a\n'],
  [0, 'GIF8'],
  [0, '\xff\xd8\xff'],
  [0, 'BM'],
  [8, 'WEBP'],
  [4, 'ftypavif'],
];

/** Whether bytes begin as an icon or picture that browsers take for a favicon. */
export function isImage(bytes: Buffer): boolean {
  const isSigned = signatures.some(
    ([offset, text]) => bytes.toString('latin1', offset, offset + text.length) === text,
  );
  if (isSigned) return true;
  const start = bytes.toString('latin1', 0, 1024).trimStart();
  return /^(\xef\xbb\xbf)?(<svg|<\?xml)/i.test(start) && /<svg[\s>]/i.test(start);
}
