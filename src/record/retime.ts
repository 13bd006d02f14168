import type { ImportChunk } from '../core/event-batch.ts';

/** The batch with one time for all of its events: see `ImportChunk.isUntimed`. */
export function retimed(chunk: ImportChunk, t: number): ImportChunk {
  const { first, last, length } = chunk.batch.ports;
  first.fill(t, 0, length);
  last.fill(t, 0, length);
  const events = chunk.batch.events.map((event) => ('t' in event ? { ...event, t } : event));
  return { ...chunk, batch: { ...chunk.batch, events } };
}
