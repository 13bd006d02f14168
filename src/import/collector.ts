import { EventBatchBuilder, type ImportChunk } from '../core/event-batch.ts';
import type { RunError, ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import type { ImportInput } from './importer.ts';

/** Ports in a batch: a transaction of 20,000 to 50,000 rows is fastest. */
const portsPerBatch = 40_000;
/** Other events in a batch. The first ones are smaller, so that recording begins at once. */
const eventsPerBatch = 5_000;
const eventsInFirstBatch = 500;
/**
 * Characters of lines that wait to be recorded, over all runs: some lines carry a megabyte. Some
 * batches of it are on their way at once.
 */
const maxPendingLength = 4_000_000;
/** Bytes of a port's columns. */
const bytesPerPort = 34;
/** Runs that are collected side by side where a file mixes them. */
const maxOpenRuns = 16;
/** Bad places that become error rows of their own; those beyond are only counted. */
const maxErrorRows = 10_000;

interface OpenRun {
  readonly builder: EventBatchBuilder;
  /** Characters of the lines that are in it. */
  length: number;
}

type Fault = Pick<RunError, 'scope' | 'code' | 'message'>;

/**
 * What the reading of one file has come to: events go in, batches come out, each of one run. Places
 * that cannot be read become errors of the run that they stand in.
 */
export class ImportCollector {
  /** Lines read so far. */
  lineCount = 0;
  /** The run of the latest event. */
  currentRun: string | undefined;
  /** Epoch ms of the latest event that has a time. */
  lastTime = 0;
  /** The file says of nothing when it was seen. */
  isUntimed = false;
  /** Batches that are full. */
  readonly ready: ImportChunk[] = [];
  private readonly input: ImportInput;
  private readonly runs = new Map<string, OpenRun>();
  private pendingLength = 0;
  private readonly skipped: Record<string, number> = {};
  private readonly early: Fault[] = [];
  private badCount = 0;
  private eventLimit = eventsInFirstBatch;
  private isTruncated = false;

  constructor(input: ImportInput) {
    this.input = input;
  }

  /** Batches that are full, taken out. */
  drain(): ImportChunk[] {
    return this.ready.splice(0);
  }

  /** @param length about how many characters the event holds */
  add(event: ScanEvent, length: number): void {
    const runId = event.run_id;
    const run = this.runs.get(runId) ?? this.open(runId);
    const { builder } = run;
    this.currentRun = runId;
    this.lastTime = timeOf(event) ?? this.lastTime;
    builder.add(event);
    // Ports are columns: what they hold besides is what their services are called.
    const isBare = event.type === 'scan.port' && event.service === undefined;
    const held = isBare ? Math.min(length, bytesPerPort) : length;
    run.length += held;
    this.pendingLength += held;
    if (this.early.length > 0) {
      for (const fault of this.early.splice(0)) builder.add(this.errorOf(runId, fault));
    }
    if (builder.isFull || builder.eventCount >= this.eventLimit) this.release(runId);
    while (this.pendingLength > maxPendingLength) this.release(this.longestRun());
  }

  /** Counts an event, or another part of the file, that no table takes. */
  skip(type: string): void {
    this.skipped[type] = (this.skipped[type] ?? 0) + 1;
  }

  /** The line that was read last cannot be used. */
  addBad(message: string, isUnended = false): void {
    this.isTruncated = isUnended;
    const code = isUnended ? 'TRUNCATED' : 'INVALID_LINE';
    this.addFault({ scope: `line:${this.lineCount}`, code, message });
  }

  /** A place of the file that cannot be used. */
  addFault(fault: Fault): void {
    this.badCount++;
    if (this.badCount > maxErrorRows) return;
    if (this.currentRun === undefined) this.early.push(fault);
    else this.add(this.errorOf(this.currentRun, fault), fault.message.length);
  }

  /** Whether nothing of the file is missing or bad, as far as it was read. */
  get isWhole(): boolean {
    return this.badCount === 0 && !this.input.isCutOff();
  }

  /**
   * The end of the file: what is left becomes ready.
   *
   * @param isTruncated whether it ends in the middle of something
   * @throws AppError INVALID_INPUT where there was nothing of a scan in it
   */
  end(isTruncated = this.isTruncated): void {
    const current = this.currentRun;
    if (current === undefined) {
      const [first] = this.early;
      const why = first ? `; ${first.scope.replace(':', ' ')}: ${first.message}` : '';
      throw new AppError('INVALID_INPUT', `${this.input.name} has no event of a scan in it${why}`);
    }
    for (const runId of this.runs.keys()) if (runId !== current) this.release(runId);
    this.release(current, isTruncated || this.input.isCutOff());
  }

  private errorOf(runId: string, fault: Fault): ScanEvent {
    return { type: 'run.error', run_id: runId, ...fault, t: this.lastTime };
  }

  private open(runId: string): OpenRun {
    if (this.runs.size >= maxOpenRuns) {
      const [oldest] = this.runs.keys();
      this.release(oldest!);
      this.runs.delete(oldest!);
    }
    const run = { builder: new EventBatchBuilder(portsPerBatch), length: 0 };
    this.runs.set(runId, run);
    return run;
  }

  private longestRun(): string {
    const [first] = [...this.runs].sort(([, a], [, b]) => b.length - a.length);
    return first![0];
  }

  private release(runId: string, isTruncated = false): void {
    const run = this.runs.get(runId)!;
    const batch = run.builder.take();
    this.pendingLength -= run.length;
    run.length = 0;
    this.eventLimit = Math.min(eventsPerBatch, this.eventLimit * 2);
    this.ready.push({
      runId,
      batch,
      lines: this.lineCount,
      bytes: this.input.bytesRead(),
      badLines: this.badCount,
      skipped: { ...this.skipped },
      isTruncated,
      isUntimed: this.isUntimed,
    });
  }
}

function timeOf(event: ScanEvent): number | undefined {
  if ('t' in event) return event.t;
  return 't_last' in event ? event.t_last : undefined;
}
