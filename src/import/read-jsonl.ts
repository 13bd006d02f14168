import type { ImportChunk } from '../core/event-batch.ts';
import { aggregateEvents } from './aggregate.ts';
import { checkEvents } from './check-events.ts';
import { ImportCollector } from './collector.ts';
import { parseEventLine } from './event-line.ts';
import type { ImportInput } from './importer.ts';
import { type Line, lines, maxLineBytes } from './lines.ts';
import { parseObject } from './json-object.ts';

/** Reads Portolan's own JSON Lines. */
export async function* readJsonl(input: ImportInput): AsyncGenerator<ImportChunk> {
  const collector = new ImportCollector(input);
  for await (const found of lines(input.chunks)) {
    for (const line of found) {
      take(collector, line);
      if (collector.ready.length > 0) yield* collector.drain();
    }
  }
  collector.end();
  yield* collector.drain();
}

function take(collector: ImportCollector, { text, isUnended }: Line): void {
  collector.lineCount++;
  if (text === undefined) return collector.addBad(`longer than ${maxLineBytes} bytes`, isUnended);
  const parsed = parseEventLine(text);
  if (parsed.kind === 'event') return collector.add(parsed.event, text.length);
  if (/^\s*$/.test(text)) return;
  if (parsed.kind === 'unknown') return collector.skip(parsed.type);
  if (!takeAggregate(collector, text)) collector.addBad(parsed.message, isUnended);
}

/** A line of the older form between events belongs to the current run. */
function takeAggregate(collector: ImportCollector, text: string): boolean {
  const line = parseObject(text);
  if (!line || collector.currentRun === undefined) return false;
  const { currentRun, lastTime } = collector;
  const events = aggregateEvents(line, { runId: currentRun, time: (given) => given ?? lastTime });
  const checked = typeof events === 'string' ? events : checkEvents(events);
  if (typeof checked === 'string') return false;
  for (const event of checked) collector.add(event, text.length);
  return true;
}
