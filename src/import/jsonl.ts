import { type EventBatch, EventBatchBuilder, type ImportChunk } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import { type EventLine, parseEventLine } from './event-line.ts';
import type { Importer, ImportInput } from './importer.ts';
import { type Line, lines, maxLineBytes } from './lines.ts';

/** Ports in a batch: a transaction of 20,000 to 50,000 rows is fastest. */
const portsPerBatch = 40_000;
/** Other events in a batch: some carry a megabyte of text. */
const eventsPerBatch = 2_000;
/** Runs that are collected side by side where a file mixes them. */
const maxOpenRuns = 16;
/** Bad lines that become error rows of their own; those beyond are only counted. */
const maxErrorRows = 10_000;

/** Portolan's own JSON Lines, version 1, and the V1 data set's three events. */
export const portolanJsonl: Importer = {
  name: 'jsonl',
  title: 'Portolan JSON Lines (.jsonl)',
  sniff: (head) => head.toString().split('\n').some(looksLikeEvent),
  read: readJsonl,
};

function looksLikeEvent(line: string): boolean {
  const parsed = parseEventLine(line);
  if (parsed.kind === 'event') return true;
  // A type or a field of another version: still an event, and told about line by line.
  return /^\s*\{/.test(line) && /"type"\s*:\s*"(run|scan|web|result)\./.test(line);
}

async function* readJsonl(input: ImportInput): AsyncGenerator<ImportChunk> {
  const reading = new Reading(input);
  for await (const found of lines(input.chunks)) {
    for (const line of found) yield* reading.take(line);
  }
  yield* reading.end();
}

interface BadLine {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** The state of one reading. */
class Reading {
  private readonly input: ImportInput;
  private readonly runs = new Map<string, EventBatchBuilder>();
  private readonly skipped: Record<string, number> = {};
  private readonly early: BadLine[] = [];
  private currentRun: string | undefined;
  private lastTime = 0;
  private lineCount = 0;
  private badLines = 0;
  private isTruncated = false;

  constructor(input: ImportInput) {
    this.input = input;
  }

  *take({ text, isUnended }: Line): Generator<ImportChunk> {
    this.lineCount++;
    if (text !== undefined && /^\s*$/.test(text)) return;
    const parsed: EventLine =
      text === undefined
        ? { kind: 'bad', message: `longer than ${maxLineBytes} bytes` }
        : parseEventLine(text);
    if (parsed.kind === 'unknown') {
      this.skipped[parsed.type] = (this.skipped[parsed.type] ?? 0) + 1;
    } else if (parsed.kind === 'event') {
      yield* this.add(parsed.event);
    } else {
      this.isTruncated = isUnended;
      yield* this.addBad(isUnended ? 'TRUNCATED' : 'INVALID_LINE', parsed.message);
    }
  }

  *end(): Generator<ImportChunk> {
    const current = this.currentRun;
    if (current === undefined) {
      const [first] = this.early;
      const why = first ? `; line ${first.line}: ${first.message}` : '';
      throw new AppError('INVALID_INPUT', `${this.input.name} has no event of a scan in it${why}`);
    }
    for (const runId of this.runs.keys()) {
      if (runId !== current) yield this.chunk(runId, false);
    }
    yield this.chunk(current, this.isTruncated);
  }

  private *add(event: ScanEvent): Generator<ImportChunk> {
    const runId = event.run_id;
    const builder = this.runs.get(runId) ?? (yield* this.open(runId));
    this.currentRun = runId;
    this.lastTime = timeOf(event) ?? this.lastTime;
    builder.add(event);
    if (this.early.length > 0) {
      for (const bad of this.early.splice(0)) builder.add(this.errorOf(runId, bad));
    }
    if (builder.isFull || builder.eventCount >= eventsPerBatch) yield this.chunk(runId, false);
  }

  private *addBad(code: string, message: string): Generator<ImportChunk> {
    this.badLines++;
    if (this.badLines > maxErrorRows) return;
    const bad = { line: this.lineCount, code, message };
    if (this.currentRun === undefined) this.early.push(bad);
    else yield* this.add(this.errorOf(this.currentRun, bad));
  }

  private errorOf(runId: string, { line, code, message }: BadLine): ScanEvent {
    const scope = `line:${line}`;
    return { type: 'run.error', run_id: runId, scope, code, message, t: this.lastTime };
  }

  private *open(runId: string): Generator<ImportChunk, EventBatchBuilder> {
    if (this.runs.size >= maxOpenRuns) {
      const [oldest] = this.runs.keys();
      yield this.chunk(oldest!, false);
      this.runs.delete(oldest!);
    }
    const builder = new EventBatchBuilder(portsPerBatch);
    this.runs.set(runId, builder);
    return builder;
  }

  private chunk(runId: string, isTruncated: boolean): ImportChunk {
    const batch: EventBatch = this.runs.get(runId)!.take();
    return {
      runId,
      batch,
      lines: this.lineCount,
      bytes: this.input.bytesRead(),
      badLines: this.badLines,
      skipped: { ...this.skipped },
      isTruncated,
    };
  }
}

function timeOf(event: ScanEvent): number | undefined {
  if ('t' in event) return event.t;
  return 't_last' in event ? event.t_last : undefined;
}
