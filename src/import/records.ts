import { createHash } from 'node:crypto';
import type { ImportChunk } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { ImportCollector } from './collector.ts';
import type { Importer, ImportInput } from './importer.ts';
import { type Line, lines, maxLineBytes } from './lines.ts';
import { type AnyObject, parseObject } from './json-object.ts';
import { peek } from './peek.ts';
import { firstObject } from './sniff.ts';

/** Context for a parser of records. */
export interface RecordContext {
  /** The `run_id` of its events. */
  readonly runId: string;
  /** The time of an event, epoch ms: the given one or else the previous record's. */
  readonly time: (given: number | undefined) => number;
}

/** Parses a record: its events (none for a comment), or the error in it. */
export type ParseRecord = (text: string, context: RecordContext) => readonly ScanEvent[] | string;

/** Like {@link ParseRecord}, for a JSON object. */
export type ParseObject = (
  line: AnyObject,
  context: RecordContext,
) => readonly ScanEvent[] | string;

/** A format of records, mostly one per line, that does not name its runs. */
export interface RecordFormat extends Omit<Importer, 'read'> {
  /** A parser for one file, which may keep state. */
  readonly newParser: () => ParseRecord;
  /** Whether its events hold fields as they came, which must be within bounds. */
  readonly isChecked?: boolean | undefined;
  /** Joins the lines of multi-line records. */
  readonly join?: (lines: AsyncIterable<Line[]>) => AsyncIterable<Line[]>;
  /** Whether a file with this last line is complete; by default always. */
  readonly isComplete?: (lastLine: string) => boolean;
}

/** How much of a file identifies it if its records have no time. */
const headBytes = 65_536;

/**
 * The importer of a format of records. The file is one run, with a hash of its first record as id.
 * The record contains a time, so another scan is another run, and a file that has grown is the same
 * one. If records have no time, the id is a hash of the first 64 KiB, and every event has the
 * file's time.
 */
export function recordImporter(format: RecordFormat): Importer {
  const { name, title, sniff } = format;
  return { name, title, sniff, read: (input) => readRecords(format, input) };
}

/** A format with one JSON object per line. */
export interface ObjectFormat extends Pick<RecordFormat, 'isChecked' | 'name' | 'title'> {
  /** Whether the first object of a file is of this format. */
  readonly matches: (line: AnyObject) => boolean;
  readonly newParser: () => ParseObject;
}

export function objectImporter({ matches, newParser, ...format }: ObjectFormat): Importer {
  return recordImporter({
    ...format,
    sniff(head) {
      const line = firstObject(head);
      return line !== undefined && matches(line);
    },
    newParser: () => objectParser(newParser()),
  });
}

/** Skips blank lines. */
export function objectParser(parse: ParseObject): ParseRecord {
  return (text, context) => {
    const line = parseObject(text);
    if (line) return parse(line, context);
    return /^\s*$/.test(text) ? [] : 'not a JSON object';
  };
}

async function* readRecords(format: RecordFormat, input: ImportInput): AsyncGenerator<ImportChunk> {
  const { head, all } = await peek(input.chunks, headBytes);
  const reading = new RecordReading(format, input, { head, parse: await parserOf(format) });
  const { collector } = reading;
  const found = format.join?.(lines(all)) ?? lines(all);
  for await (const records of found) {
    for (const { text, isUnended, lineCount = 1 } of records) {
      collector.lineCount++;
      if (text === undefined) collector.addBad(`longer than ${maxLineBytes} bytes`, isUnended);
      else reading.take(text, isUnended);
      collector.lineCount += lineCount - 1;
      if (collector.ready.length > 0) yield* collector.drain();
    }
  }
  reading.end();
  yield* collector.drain();
}

/** The schema of events takes longer to load than all formats together: only where it is needed. */
async function parserOf({ newParser, isChecked }: RecordFormat): Promise<ParseRecord> {
  const parse = newParser();
  if (!isChecked) return parse;
  const { checkEvents } = await import('./check-events.ts');
  return (text, context) => {
    const events = parse(text, context);
    return typeof events === 'string' ? events : checkEvents(events);
  };
}

class RecordReading {
  readonly collector: ImportCollector;
  private readonly format: RecordFormat;
  private readonly head: Buffer;
  private readonly modifiedAt: number;
  private readonly parse: ParseRecord;
  private readonly context: { runId: string; time: RecordContext['time'] };
  private hasTime = false;
  private lastText = '';

  constructor(
    format: RecordFormat,
    input: ImportInput,
    { head, parse }: { head: Buffer; parse: ParseRecord },
  ) {
    this.collector = new ImportCollector(input);
    this.format = format;
    this.head = head;
    this.modifiedAt = input.modifiedAt;
    this.parse = parse;
    this.context = { runId: '', time: (given) => this.timeOf(given) };
  }

  take(text: string, isUnended: boolean): void {
    const { collector } = this;
    const isFirst = collector.currentRun === undefined;
    if (isFirst) this.context.runId = this.runId(text);
    let events = this.parse(text, this.context);
    if (typeof events === 'string') return collector.addBad(events, isUnended);
    if (text.length > 0) this.lastText = text;
    if (events.length === 0) return;
    if (isFirst && !this.hasTime) {
      collector.isUntimed = true;
      this.context.runId = this.runId(this.head);
      events = this.parse(text, this.context);
      if (typeof events === 'string') return collector.addBad(events, isUnended);
    }
    const [first] = events;
    if (isFirst && first) this.start(first);
    const length = text.length / events.length;
    for (const event of events) collector.add(event, length);
  }

  end(): void {
    const { collector, format } = this;
    const isComplete = format.isComplete?.(this.lastText) ?? true;
    if (collector.isWhole && isComplete && collector.currentRun !== undefined) {
      const counts = { host_count: 0, error_count: 0, counts: {} };
      const t = collector.lastTime;
      const run_id = this.context.runId;
      collector.add({ type: 'run.finish', run_id, t, status: 'completed', ...counts }, 0);
    }
    collector.end();
  }

  private start(first: ScanEvent): void {
    const t = 't' in first ? first.t : 't_first' in first ? first.t_first : this.modifiedAt;
    const run_id = this.context.runId;
    const scan_type = this.format.name;
    const about = { tool_version: '', args: [], config: {}, coverage: {} };
    this.collector.add({ type: 'run.start', run_id, t, scan_type, ...about }, 0);
  }

  private timeOf(given: number | undefined): number {
    if (given !== undefined) {
      this.hasTime = true;
      if (!this.collector.isUntimed) return given;
    }
    return this.collector.lastTime || this.modifiedAt;
  }

  private runId(of: string | Buffer): string {
    const digest = createHash('sha256').update(of).digest('hex');
    return `${this.format.name}-${digest.slice(0, 20)}`;
  }
}
