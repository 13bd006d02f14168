import type { Service, Tls } from '../core/events.ts';
import type { ProbeFault, ProbeResult } from './probe.ts';
import type { Wire } from './wire.ts';

/** What a step found out about its port. */
export interface StepResult {
  /** Undefined where no rule knows the answer. */
  readonly service?: Service | undefined;
  /** Name of the payload that was answered, where that says more than the port's number. */
  readonly asked?: string | undefined;
  readonly answers?: readonly { readonly bytes: Buffer; readonly t: number }[];
  readonly endpoints?: ProbeResult['endpoints'];
  readonly tls?: { readonly tls: Tls; readonly t: number } | undefined;
}

/** A step that found nothing: why, and what the next one may use. */
export interface Miss {
  readonly isMiss: true;
  /** Kept only if the port stays unknown in the end. */
  readonly fault?: ProbeFault | undefined;
  /** The step's connection, where the server stayed silent and it can be used again. */
  readonly connection?: Connection | undefined;
  /** The answer shows that the port wants TLS. */
  readonly wantsTls?: boolean;
}

/** A connection that is ready for a step. */
export interface Connection {
  readonly wire: Wire;
  readonly tls?: Tls | undefined;
}

/** Makes a new connection, through TLS where the steps are inside it. */
export type Dial = () => Promise<Connection | undefined>;
