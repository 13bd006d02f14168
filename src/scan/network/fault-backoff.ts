/** First pause after a local fault, and the longest, ms. */
const firstPauseMs = 5;
const longestPauseMs = 250;
/** After this long without a fault the limit doubles again, ms. */
const recoveryMs = 1000;
/** A host to which this machine cannot send is given up after this many faults over this time. */
const hopelessFaults = 20;
const hopelessMs = 3000;

/** Slows a scan down while its own machine is short of descriptors, ports or memory. */
export interface FaultBackoff {
  /** Probes at once, for now. */
  readonly limit: number;
  isPaused(nowMs: number): boolean;
  /** A probe left the machine. */
  sent(nowMs: number): void;
  /** A probe could not be sent, with so many under way. */
  failed(nowMs: number, inUse: number): void;
  /** Whether another attempt would only repeat the last ones. */
  isHopeless(faults: number, sinceMs: number): boolean;
}

/** Starts with the full capacity. */
export function faultBackoff(capacity: number): FaultBackoff {
  let limit = capacity;
  let pauseMs = firstPauseMs;
  let pausedUntilMs = -Infinity;
  let faultAtMs = -Infinity;
  return {
    get limit() {
      return limit;
    },
    isPaused: (nowMs) => nowMs < pausedUntilMs,
    sent(nowMs) {
      pauseMs = firstPauseMs;
      if (limit < capacity && nowMs - faultAtMs > recoveryMs) {
        limit = Math.min(capacity, limit * 2);
        faultAtMs = nowMs;
      }
    },
    failed(nowMs, inUse) {
      limit = Math.max(1, Math.min(limit, Math.floor(inUse * 0.9)));
      pausedUntilMs = nowMs + pauseMs;
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      faultAtMs = nowMs;
    },
    isHopeless: (faults, sinceMs) => faults >= hopelessFaults && sinceMs >= hopelessMs,
  };
}
