import type { ScanProgress } from '../scan/scanner.ts';
import type { Io } from './io.ts';
import { joinParts } from './text.ts';
import { formatDuration } from '../core/duration.ts';
import { number } from '../core/quantity.ts';

/** How often the line is redrawn, ms. */
const intervalMs = 250;

/** The rate shown is that of about the last few seconds. */
const rateWindowSeconds = 5;

/** A line of progress on stderr that replaces itself; nothing if stderr is not a terminal. */
interface ProgressLine extends Disposable {
  /** Takes the line away for as long as other output is written. */
  clear(): void;
}

/**
 * Draws a line until disposed.
 *
 * @param line makes the text, at most one line, called a few times per second
 */
export function progressLine(io: Io, line: () => string): ProgressLine {
  const isShown = io.stderr.isTTY === true;
  const clear = (): void => {
    if (isShown) io.stderr.write('\r\u001b[2K');
  };
  const draw = (): void => {
    io.stderr.write(`\r\u001b[2K${line().slice(0, (io.stderr.columns ?? 80) - 1)}`);
  };
  const timer = isShown ? setInterval(draw, intervalMs) : undefined;
  timer?.unref();
  return {
    clear,
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}

/** The progress of a running scan: share done, rate, results, time left. */
export function scanProgressText(progress: ScanProgress, total: { probes: number }): () => string {
  const samples: { at: number; done: number }[] = [{ at: Date.now(), done: progress.probesDone }];
  return () => {
    const now = Date.now();
    samples.push({ at: now, done: progress.probesDone });
    // The newest sample before the window begins it.
    const start = samples.findLastIndex(({ at }) => now - at > rateWindowSeconds * 1000);
    samples.splice(0, Math.min(start, samples.length - 2));
    const [first = { at: now, done: 0 }] = samples;
    const done = progress.probesDone - first.done;
    const rate = done / Math.max(0.001, (now - first.at) / 1000);
    const left = total.probes - progress.probesDone;
    const parts = [
      `${((100 * progress.probesDone) / Math.max(1, total.probes)).toFixed(1)}%`,
      `${number(rate)}/s`,
      `${number(progress.hostsUp)} up`,
      `${number(progress.portsOpen)} open`,
      progress.probesRetried > 0 ? `${number(progress.probesRetried)} retries` : '',
      rate > 0 && left > 0 ? `${formatDuration((left / rate) * 1000)} left` : '',
      progress.task ?? '',
      left <= 0 && progress.task === undefined ? 'identifying services' : '',
    ];
    return joinParts(parts, '  ');
  };
}
