import type { Service, Tls } from '../core/events.ts';
import type { ProbeFault, ProbeResult } from './probe.ts';
import type { Wire } from './wire.ts';

/** What a conversation found out. */
export interface StepResult {
  /** Undefined where the port said something that no rule knows. */
  readonly service?: Service | undefined;
  /** The question that was answered, where that says more than the port's number. */
  readonly asked?: string | undefined;
  readonly answers?: readonly { readonly bytes: Buffer; readonly t: number }[];
  readonly endpoints?: ProbeResult['endpoints'];
  readonly tls?: { readonly tls: Tls; readonly t: number } | undefined;
}

/** A step that found nothing: why, and where to go on. */
export interface Miss {
  readonly service?: undefined;
  readonly isMiss: true;
  /** Kept only if the port stays unknown in the end. */
  readonly fault?: ProbeFault | undefined;
  /** The connection, where the server stayed silent on it and it can be used further. */
  readonly line?: Line | undefined;
  /** The answer shows that the port wants TLS. */
  readonly wantsTls?: boolean;
}

/** A connection that is ready to be spoken on. */
export interface Line {
  readonly wire: Wire;
  readonly tls?: Tls | undefined;
}

/** Makes a new connection, through TLS where the conversation is inside it. */
export type Dial = () => Promise<Line | undefined>;
