import { EventBatchBuilder, type ImportChunk } from '../core/event-batch.ts';
import type { RunError, ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import type { ImportInput } from './importer.ts';

/** Ports per batch: a transaction of 20,000 to 50,000 rows is fastest. */
const portsPerBatch = 40_000;
/** Other events per batch. The first batches are smaller, so that recording starts at once. */
const eventsPerBatch = 5_000;
const eventsInFirstBatch = 500;
/**
 * Maximum characters of lines waiting to be recorded, over all runs: a line may have a megabyte,
 * and several batches are in flight at once.
 */
const maxPendingLength = 4_000_000;
/** Bytes of a port's columns. */
const bytesPerPort = 34;
/** Runs that are collected concurrently if a file mixes them. */
const maxOpenRuns = 16;
/** Bad places that become error rows; any further ones are only counted. */
const maxErrorRows = 10_000;

interface OpenRun {
  readonly runId: string;
  readonly builder: EventBatchBuilder;
  /** Characters of its lines. */
  length: number;
}

type Fault = Pick<RunError, 'scope' | 'code' | 'message'>;

/**
 * Collects the events of a file into batches of one run each. Invalid places become errors of the
 * current run.
 */
export class ImportCollector {
  /** Lines read so far. */
  lineCount = 0;
  /** The run of the latest event. */
  currentRun: string | undefined;
  /** Epoch ms of the latest event that has a time. */
  lastTime = 0;
  /** Whether the file has no times. */
  isUntimed = false;
  /** Full batches. */
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

  /** Takes the full batches. */
  drain(): ImportChunk[] {
    return this.ready.splice(0);
  }

  /** @param length approximate size of the event in characters */
  add(event: ScanEvent, length: number): void {
    const runId = event.run_id;
    const run = this.runs.get(runId) ?? this.open(runId);
    const { builder } = run;
    this.currentRun = runId;
    this.lastTime = timeOf(event) ?? this.lastTime;
    builder.add(event);
    // A port needs its columns and its service's texts.
    const isBare = event.type === 'scan.port' && event.service === undefined;
    const held = isBare ? Math.min(length, bytesPerPort) : length;
    run.length += held;
    this.pendingLength += held;
    if (this.early.length > 0) {
      for (const fault of this.early.splice(0)) builder.add(this.errorOf(runId, fault));
    }
    if (builder.isFull || builder.eventCount >= this.eventLimit) this.release(run);
    while (this.pendingLength > maxPendingLength) {
      this.release([...this.runs.values()].reduce((a, b) => (b.length > a.length ? b : a)));
    }
  }

  /** Counts an event, or another part of the file, without a table. */
  skip(type: string): void {
    this.skipped[type] = (this.skipped[type] ?? 0) + 1;
  }

  /** Records an error about the latest line. */
  addBad(message: string, isUnended = false): void {
    this.isTruncated = isUnended;
    const code = isUnended ? 'TRUNCATED' : 'INVALID_LINE';
    this.addFault({ scope: `line:${this.lineCount}`, code, message });
  }

  /** Records an error about a place in the file. */
  addFault(fault: Fault): void {
    this.badCount++;
    if (this.badCount > maxErrorRows) return;
    if (this.currentRun === undefined) this.early.push(fault);
    else this.add(this.errorOf(this.currentRun, fault), fault.message.length);
  }

  /** Whether nothing is missing or invalid so far. */
  get isWhole(): boolean {
    return this.badCount === 0 && !this.input.isCutOff();
  }

  /**
   * Ends the file and makes the remaining batches ready.
   *
   * @param isTruncated whether the file is truncated
   * @throws AppError INVALID_INPUT if it has no scan events
   */
  end(isTruncated = this.isTruncated): void {
    const current = this.currentRun;
    if (current === undefined) {
      const [first] = this.early;
      const why = first ? `; ${first.scope.replace(':', ' ')}: ${first.message}` : '';
      throw new AppError('INVALID_INPUT', `${this.input.name} contains no scan events${why}`);
    }
    for (const run of this.runs.values()) if (run.runId !== current) this.release(run);
    const last = this.runs.get(current);
    if (last) this.release(last, isTruncated || this.input.isCutOff());
  }

  private errorOf(runId: string, fault: Fault): ScanEvent {
    return { type: 'run.error', run_id: runId, ...fault, t: this.lastTime };
  }

  private open(runId: string): OpenRun {
    if (this.runs.size >= maxOpenRuns) {
      const [oldest] = this.runs.values();
      if (oldest) this.release(oldest);
      if (oldest) this.runs.delete(oldest.runId);
    }
    const run = { runId, builder: new EventBatchBuilder(portsPerBatch), length: 0 };
    this.runs.set(runId, run);
    return run;
  }

  private release(run: OpenRun, isTruncated = false): void {
    const batch = run.builder.take();
    this.pendingLength -= run.length;
    run.length = 0;
    this.eventLimit = Math.min(eventsPerBatch, this.eventLimit * 2);
    this.ready.push({
      runId: run.runId,
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
