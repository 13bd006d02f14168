import type { ImportChunk } from '../../core/event-batch.ts';
import type { ScanEvent } from '../../core/events.ts';
import { ImportCollector } from '../collector.ts';
import type { Importer, ImportInput } from '../importer.ts';
import { type NmapRun, type NmapSink, newNmapRun } from './run-events.ts';
import { XmlStream } from './xml-stream.ts';
import type { XmlElement } from './xml-tree.ts';

/** A longer element is not a host, and the rest of the file is not read. */
const maxElementLength = 64_000_000;
/** Elements that are read as a whole. */
export const collectedElements: ReadonlySet<string> = new Set([
  'host',
  'hosthint',
  'prescript',
  'postscript',
  'runstats',
]);

/** The XML of nmap and of `masscan -oX`. */
export const nmapXml: Importer = {
  name: 'nmap-xml',
  title: 'nmap or masscan XML (-oX)',
  sniff: (head) => /^\uFEFF?\s*</.test(head.toString()) && head.includes('<nmaprun'),
  read: readNmapXml,
};

/**
 * Reads one run per document in the file. A host is recorded once its element is complete or, if
 * the file is truncated, as far as it was read.
 */
async function* readNmapXml(input: ImportInput): AsyncGenerator<ImportChunk> {
  const collector = new ImportCollector(input);
  const decoder = new TextDecoder();
  let offset = 0;
  const fault = (message: string): void => {
    collector.addFault({ scope: `offset:${offset}`, code: 'INVALID_XML', message });
  };
  const sink = sinkOf(collector, fault);
  let run: NmapRun | undefined;
  const stream = new XmlStream(collectedElements, {
    open(element) {
      if (element.name === 'nmaprun') run = newNmapRun(element, sink);
      else run?.take(element);
    },
    element: (element) => run?.take(element),
    fault,
  });
  let isTooLong = false;
  for await (const bytes of input.chunks) {
    const text = decoder.decode(bytes, { stream: true });
    stream.write(text);
    offset += bytes.length;
    collector.lineCount += countLines(text);
    if (collector.ready.length > 0) yield* collector.drain();
    isTooLong = stream.pendingLength > maxElementLength;
    if (isTooLong) break;
  }
  end(collector, { run, unfinished: stream.unfinished, offset, isTooLong });
  yield* collector.drain();
}

function end(
  collector: ImportCollector,
  at: {
    run: NmapRun | undefined;
    unfinished: XmlElement | undefined;
    offset: number;
    isTooLong: boolean;
  },
): void {
  const { run, unfinished, offset, isTooLong } = at;
  if (unfinished) run?.take(unfinished);
  run?.end();
  const isTruncated = run !== undefined && !run.isFinished;
  if (isTruncated) {
    const message = isTooLong
      ? `an element is longer than ${maxElementLength} bytes: the rest was not read`
      : 'the file ends before the scan does';
    collector.addFault({ scope: `offset:${offset}`, code: 'TRUNCATED', message });
  }
  collector.end(isTruncated);
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function sinkOf(collector: ImportCollector, fault: NmapSink['fault']): NmapSink {
  return {
    fault,
    add: (event, length) => collector.add(event, length),
    addHost(events) {
      for (const event of events) collector.add(event, lengthOf(event));
    },
    skip: (kind) => collector.skip(kind),
    get isWhole() {
      return collector.isWhole;
    },
    get lastTime() {
      return collector.lastTime;
    },
  };
}

/** Approximate memory of an event. */
function lengthOf(event: ScanEvent): number {
  if (event.type === 'scan.script') return 200 + event.output.length * 2;
  return event.type === 'scan.banner' ? 200 + event.banner.length : 200;
}
