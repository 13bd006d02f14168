import type { Socket } from 'node:net';
import type { ScanBanner, Service, Tls, WebEndpoint } from '../core/events.ts';

/** What a probe works on. It asks for connections and never dials itself. */
export interface ProbeTarget {
  readonly addr: string;
  readonly port: number;
  /** The name by which the user called this host: SNI, the Host header. */
  readonly hostname?: string | undefined;
  /**
   * A new TCP connection to the port.
   *
   * @throws the system's error (`ECONNREFUSED`, …), or an AbortError
   */
  readonly connect: (signal: AbortSignal) => Promise<Socket>;
  /** Whether a redirect to this URL stays inside the scan's scope, so that it may be followed. */
  readonly inScope: (url: URL) => boolean;
  readonly signal: AbortSignal;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Place = 'type' | 'run_id' | 'addr' | 'transport' | 'port';

/** What went wrong in one step. */
export interface ProbeFault {
  readonly code: string;
  readonly message: string;
}

/** What a probe found out about a port. */
export interface ProbeResult {
  readonly service: Service;
  readonly banners: readonly Without<ScanBanner, Place>[];
  readonly endpoints: readonly Without<WebEndpoint, Place>[];
  /** The handshake of a TLS port without HTTP. */
  readonly tls?: { readonly tls: Tls; readonly t: number } | undefined;
  readonly faults: readonly ProbeFault[];
}

/** Finds out what an open TCP port is. Rejects only where the probe itself failed. */
export type ProbePort = (addr: string, port: number, signal: AbortSignal) => Promise<ProbeResult>;
