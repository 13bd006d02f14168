import type { ImportChunk } from '../core/event-batch.ts';
import { aggregateEvents } from './aggregate.ts';
import { ImportCollector } from './collector.ts';
import { parseEventLine } from './event-line.ts';
import type { Importer, ImportInput } from './importer.ts';
import { type Line, lines, maxLineBytes } from './lines.ts';
import { parseObject } from './json-object.ts';

/** Portolan's own JSON Lines, version 1, and the V1 data set's three events. */
export const jsonl: Importer = {
  name: 'jsonl',
  title: 'Portolan JSON Lines (.jsonl)',
  // Events of another version too: each bad line then says what is wrong with it.
  sniff: (head) =>
    head
      .toString()
      .split('\n')
      .some((line) => /^\s*\{.*"type"\s*:\s*"(run|scan|web|result)\./.test(line)),
  read: readJsonl,
};

async function* readJsonl(input: ImportInput): AsyncGenerator<ImportChunk> {
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
  if (typeof events === 'string') return false;
  for (const event of events) collector.add(event, text.length);
  return true;
}
