import { byteStore } from '../byte-store.ts';
import { type BodyProblem, type HttpHead, headerOf } from './message.ts';
import type { Ending, Progress } from '../wire.ts';

/** A chunk's size line, extensions included. */
const maxSizeLineBytes = 1024;

export interface BodyReader {
  take(chunk: Buffer): Progress;
  bytes(): Buffer;
  problem(ending: Ending): BodyProblem | undefined;
}

/** A reader for the body that belongs to a head (RFC 9112, 6.3). */
export function bodyReader(head: HttpHead, maxBytes: number): BodyReader {
  if ([101, 204, 304].includes(head.status)) return sizedBody(0, maxBytes);
  const coding = headerOf(head, 'transfer-encoding');
  if (coding !== undefined && /\bchunked\s*$/i.test(coding)) return chunkedBody(maxBytes);
  const length = headerOf(head, 'content-length');
  const isLength = length !== undefined && /^\d{1,15}$/.test(length);
  return sizedBody(isLength ? Number(length) : Number.POSITIVE_INFINITY, maxBytes);
}

/** A body of a stated length, or up to the end of the connection. */
function sizedBody(length: number, maxBytes: number): BodyReader {
  const store = byteStore(Math.min(length, maxBytes));
  let isCut = false;
  const isWhole = () => store.bytes().length >= length;
  return {
    take(chunk) {
      isCut ||= !store.add(chunk) && !isWhole();
      return isCut || isWhole() ? 'done' : 'more';
    },
    bytes: () => store.bytes(),
    problem(ending) {
      if (isCut || (!isWhole() && length > maxBytes && store.bytes().length === maxBytes)) {
        return 'BODY_TOO_LARGE';
      }
      if (isWhole() || (length === Number.POSITIVE_INFINITY && ending === 'closed')) {
        return undefined;
      }
      return 'BODY_INCOMPLETE';
    },
  };
}

/** A body in chunks (RFC 9112, 7.1); trailers are not read. */
function chunkedBody(maxBytes: number): BodyReader {
  const store = byteStore(maxBytes);
  let left = 0;
  let line = '';
  let state: 'size' | 'data' | 'after-data' | 'end' | 'broken' | 'cut' = 'size';

  const takeSizeByte = (byte: number) => {
    if (byte !== 10) {
      line += String.fromCharCode(byte);
      if (line.length > maxSizeLineBytes) state = 'broken';
      return;
    }
    const size = /^\s*([0-9a-f]{1,12})\s*(?:;.*)?$/i.exec(line.trimEnd())?.[1];
    line = '';
    if (size === undefined) state = 'broken';
    else {
      left = Number.parseInt(size, 16);
      state = left === 0 ? 'end' : 'data';
    }
  };

  return {
    take(chunk) {
      for (let at = 0; at < chunk.length;) {
        if (state === 'size') takeSizeByte(chunk[at++] ?? 0);
        else if (state === 'after-data') {
          if (chunk[at++] === 10) state = 'size';
        } else if (state === 'data') {
          const part = chunk.subarray(at, at + left);
          if (!store.add(part)) state = 'cut';
          at += part.length;
          left -= part.length;
          if (left === 0 && state === 'data') state = 'after-data';
        } else break;
      }
      return state === 'end' || state === 'broken' || state === 'cut' ? 'done' : 'more';
    },
    bytes: () => store.bytes(),
    problem() {
      if (state === 'end') return undefined;
      if (state === 'broken') return 'PARSE_CHUNK';
      return state === 'cut' ? 'BODY_TOO_LARGE' : 'BODY_INCOMPLETE';
    },
  };
}
