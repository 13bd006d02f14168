import { byteStore } from '../byte-store.ts';
import { type BodyReader, bodyReader } from './body.ts';
import type { HttpHead, HttpResponse } from './message.ts';
import type { ProbeLimits } from '../limits.ts';
import type { Ending, Progress } from '../wire.ts';

/** More header lines than any real server sends. */
const maxHeaderLines = 256;
/** The largest chunk that a socket hands over: what may follow a head in one piece. */
const maxChunkBytes = 65_536;

/** Reads one HTTP/1 response from chunks; anything else is kept as raw bytes. */
export interface ResponseReader {
  take(chunk: Buffer): Progress;
  /** What was kept, from the first byte. */
  raw(): Buffer;
  /** The response; undefined where none began, or its head is not complete. */
  response(ending: Ending): HttpResponse | undefined;
}

/** A reader for the response to one GET. */
export function responseReader(limits: ProbeLimits): ResponseReader {
  const store = byteStore(limits.maxHeadBytes + maxChunkBytes);
  let head: HttpHead | undefined;
  let body: BodyReader | undefined;
  let searched = 0;
  let begin = 0;

  const takeHead = (chunk: Buffer): Progress => {
    store.add(chunk);
    const bytes = store.bytes();
    if (!beginsAsHttp(bytes)) return bytes.length < limits.maxAnswerBytes ? 'settling' : 'done';
    for (;;) {
      const end = headEnd(bytes, searched);
      if (end === -1 || end > limits.maxHeadBytes) {
        searched = Math.max(begin, bytes.length - 3);
        return bytes.length < limits.maxHeadBytes ? 'more' : 'done';
      }
      head = parseHead(bytes.subarray(begin, end));
      if (!head) return 'done';
      begin = searched = end;
      // After an interim response (100, 103) the real one follows.
      if (head.status < 100 || head.status > 199 || head.status === 101) break;
      head = undefined;
    }
    body = bodyReader(head, limits.maxBodyBytes);
    return body.take(bytes.subarray(begin));
  };

  return {
    take: (chunk) => (body ? body.take(chunk) : takeHead(chunk)),
    raw: () => store.bytes(),
    response: (ending) =>
      head &&
      body && { isHttp2: false, ...head, body: body.bytes(), problem: body.problem(ending) },
  };
}

function beginsAsHttp(bytes: Buffer): boolean {
  const word = 'HTTP/';
  return bytes.toString('latin1', 0, word.length) === word.slice(0, bytes.length);
}

/** Index behind the empty line that ends a head, or −1; bare line feeds are accepted. */
function headEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(10, from); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

/**
 * Parses a status line and headers leniently: what a server means counts, not whether it may.
 *
 * @returns undefined where the first line is not a status line
 */
export function parseHead(bytes: Uint8Array): HttpHead | undefined {
  const head = Buffer.from(bytes).toString('latin1').trimEnd();
  const lines = head.split(/\r?\n/, maxHeaderLines + 1);
  const status = /^HTTP\/\d(?:\.\d)?[ \t]+(\d{3})(?:\s|$)/.exec(lines[0] ?? '')?.[1];
  if (status === undefined) return undefined;
  const headers: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const last = headers.at(-1);
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && last) last[1] = `${last[1]} ${line.trim()}`;
    else if (colon > 0) {
      headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
    }
  }
  return { status: Number(status), headers, head };
}
