import { canonicalAddress } from './address.ts';
import type { ScanEvent, ScanPort, Service } from './events.ts';
import { portStates, reasons, transports } from './states.ts';

/** In {@link PortColumns}: no reason, no service. */
export const none = -1;

/**
 * Port observations as columns: a thread passes 50,000 of them to another without copying, and a
 * store binds numbers instead of walking objects. Codes are indices into `transports`, `portStates`
 * and `reasons`; `address` and `service` index the two dictionaries.
 */
export interface PortColumns {
  readonly length: number;
  /** Distinct canonical addresses. */
  readonly addresses: readonly string[];
  readonly services: readonly Service[];
  readonly address: Uint32Array<ArrayBuffer>;
  readonly transport: Uint8Array<ArrayBuffer>;
  readonly port: Uint16Array<ArrayBuffer>;
  readonly state: Uint8Array<ArrayBuffer>;
  readonly reason: Int8Array<ArrayBuffer>;
  readonly service: Int32Array<ArrayBuffer>;
  /** Epoch ms. */
  readonly first: Float64Array<ArrayBuffer>;
  readonly last: Float64Array<ArrayBuffer>;
}

/** Events of one job to be stored: ports as columns, all others as objects. */
export interface EventBatch {
  readonly ports: PortColumns;
  readonly events: readonly Exclude<ScanEvent, ScanPort>[];
}

/** A batch from a file, with the reading progress. */
export interface ImportChunk {
  readonly runId: string;
  readonly batch: EventBatch;
  /** Lines and file bytes (compressed, if it is compressed) read so far. */
  readonly lines: number;
  readonly bytes: number;
  /** Counts so far of lines that are not events, and of events of unknown types. */
  readonly badLines: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** Whether the file ends in the middle of a line of this run. */
  readonly isTruncated: boolean;
  /**
   * Whether the file has no times. Its events then have the file's time or, if the run is already
   * stored, the run's.
   */
  readonly isUntimed: boolean;
}

const codes = {
  transport: new Map<string, number>(transports.map((word, code) => [word, code])),
  state: new Map<string, number>(portStates.map((word, code) => [word, code])),
  reason: new Map<string, number>(reasons.map((word, code) => [word, code])),
};

function codeOf(words: ReadonlyMap<string, number>, word: string): number {
  const code = words.get(word);
  if (code === undefined) throw new TypeError(`"${word}" has no code`);
  return code;
}

/** Collects events into a batch. */
export class EventBatchBuilder {
  readonly capacity: number;
  private length = 0;
  private columns: Omit<PortColumns, 'length' | 'addresses' | 'services'>;
  private events: Exclude<ScanEvent, ScanPort>[] = [];
  private addresses: string[] = [];
  private services: Service[] = [];
  /** Keyed by spelling, so that a repeated one is parsed once. */
  private addressIndex = new Map<string, number>();
  private serviceIndex = new Map<string, number>();

  /** @param capacity maximum number of port observations */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.columns = newColumns(capacity);
  }

  /** Number of collected events other than ports. */
  get eventCount(): number {
    return this.events.length;
  }

  /** Whether it has no room for another port. */
  get isFull(): boolean {
    return this.length === this.capacity;
  }

  add(event: ScanEvent): void {
    if (event.type === 'scan.port') this.addPort(event);
    else this.events.push(event);
  }

  /** The batch; the builder is empty afterwards. */
  take(): EventBatch {
    const { length, addresses, services, columns, events } = this;
    this.length = 0;
    this.columns = newColumns(this.capacity);
    this.events = [];
    this.addresses = [];
    this.services = [];
    this.addressIndex = new Map();
    this.serviceIndex = new Map();
    return { ports: { length, addresses, services, ...columns }, events };
  }

  private addPort(event: ScanPort): void {
    const { columns, length: row } = this;
    if (this.isFull) throw new RangeError(`a batch of ${this.capacity} ports is full`);
    columns.address[row] = this.indexOfAddress(event.addr);
    columns.transport[row] = codeOf(codes.transport, event.transport);
    columns.port[row] = event.port;
    columns.state[row] = codeOf(codes.state, event.state);
    columns.reason[row] = event.reason === undefined ? none : codeOf(codes.reason, event.reason);
    columns.service[row] = event.service === undefined ? none : this.indexOfService(event.service);
    columns.first[row] = event.t_first;
    columns.last[row] = event.t_last;
    this.length++;
  }

  private indexOfAddress(text: string): number {
    const known = this.addressIndex.get(text);
    if (known !== undefined) return known;
    const canonical = canonicalAddress(text);
    const index = this.addressIndex.get(canonical) ?? this.addresses.push(canonical) - 1;
    this.addressIndex.set(text, index);
    this.addressIndex.set(canonical, index);
    return index;
  }

  private indexOfService(service: Service): number {
    const key = serviceKey(service);
    const known = this.serviceIndex.get(key);
    if (known !== undefined) return known;
    const index = this.services.push(service) - 1;
    this.serviceIndex.set(key, index);
    return index;
  }
}

/** A batch of events that are already in memory. */
export function eventBatch(events: Iterable<ScanEvent>): EventBatch {
  const list = [...events];
  const ports = list.reduce((count, event) => count + (event.type === 'scan.port' ? 1 : 0), 0);
  const builder = new EventBatchBuilder(ports);
  for (const event of list) builder.add(event);
  return builder.take();
}

/** The buffers of a batch, to be transferred to another thread. */
export function transferables({ ports }: EventBatch): ArrayBuffer[] {
  const { address, transport, port, state, reason, service, first, last } = ports;
  return [address, transport, port, state, reason, service, first, last].map(
    (column) => column.buffer,
  );
}

function newColumns(capacity: number): Omit<PortColumns, 'length' | 'addresses' | 'services'> {
  return {
    address: new Uint32Array(capacity),
    transport: new Uint8Array(capacity),
    port: new Uint16Array(capacity),
    state: new Uint8Array(capacity),
    reason: new Int8Array(capacity),
    service: new Int32Array(capacity),
    first: new Float64Array(capacity),
    last: new Float64Array(capacity),
  };
}

/** The fields of most services. */
const bareFields: ReadonlySet<string> = new Set(['name', 'confidence', 'method']);

/** Much cheaper than JSON.stringify for most. The name is last because it may contain anything. */
function serviceKey(service: Service): string {
  for (const field in service) if (!bareFields.has(field)) return JSON.stringify(service);
  return `${service.confidence}\n${service.method}\n${service.name}`;
}
