import { open } from 'node:fs/promises';

/** The start of a port's line as Portolan writes it. Lines with other starts may also be ports. */
const beginning = Buffer.from('{"type":"scan.port","run_id"');
/** The same, four bytes at a time. */
const words = Array.from({ length: beginning.length / 4 }, (_, i) => beginning.readInt32LE(i * 4));
const lineFeed = 0x0a;
const readBytes = 1_048_576;

/** A file of events, split into lines of ports and all others. */
export interface SiftedFile {
  /** The other lines, unchanged; they can be read once. */
  readonly otherLines: AsyncIterable<Uint8Array>;
  /** Lines of ports skipped so far. */
  readonly portLines: number;
}

/**
 * Extracts the lines of a JSON Lines file that are not ports as Portolan writes them. Memory holds
 * one chunk, however long a line is.
 *
 * @param path an uncompressed file
 * @param onRead called now and then with the number of skipped lines of ports
 */
export function siftPorts(path: string, onRead: (portLines: number) => void): SiftedFile {
  let portLines = 0;
  return {
    otherLines: read(),
    get portLines() {
      return portLines;
    },
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    await using file = await open(path);
    const buffer = Buffer.alloc(readBytes + beginning.length);
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    /**
     * Whether the line at the start of the buffer is a port; undefined if too little of it has been
     * read.
     */
    let isPort: boolean | undefined;
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, readBytes, null);
      const bytes = buffer.subarray(0, kept + bytesRead);
      const isEnd = bytesRead === 0;
      /** Start of other lines that were not yet passed on. */
      let from = isPort === false ? 0 : -1;
      let at = 0;
      while (at < bytes.length) {
        if (isPort === undefined) {
          const isLong = bytes.length - at >= beginning.length;
          if (!isLong && !isEnd) break;
          isPort = isLong && isPortAt(view, at);
          if (isPort) {
            portLines += 1;
            if (from >= 0) yield Buffer.from(bytes.subarray(from, at));
            from = -1;
          } else if (from < 0) {
            from = at;
          }
        }
        const end = bytes.indexOf(lineFeed, at);
        at = end < 0 ? bytes.length : end + 1;
        if (end >= 0) isPort = undefined;
      }
      if (from >= 0) yield Buffer.from(bytes.subarray(from, at));
      onRead(portLines);
      if (isEnd) return;
      kept = bytes.copy(buffer, 0, at);
    }
  }
}

function isPortAt(view: DataView, at: number): boolean {
  for (let i = 0; i < words.length; i++) {
    if (view.getInt32(at + i * 4, true) !== words[i]) return false;
  }
  return true;
}
