import type { Reason } from '../../core/states.ts';
import { addressBits, ipv4ToNumber, parseAddress } from '../../core/address.ts';
import type { EngineAddress } from './engine.ts';
import type { OpenUnit } from './units.ts';
import type { Pass } from './pass.ts';
import type { ProbeResult } from '../../probe/probe.ts';

/** A host while it is scanned. */
export interface Host {
  readonly unit: OpenUnit;
  /** Its position in the job's order: spreads the order of ports over hosts. */
  readonly number: number;
  readonly address: EngineAddress;
  /** Named by the user one by one: it gets a row even where it is down. */
  readonly isNamed: boolean;
  /** Epoch ms. */
  readonly startedAt: number;
  /** The pass under way. */
  scan: Pass;
  /** Passes over the ports that the user asked for, begun or done. */
  readonly passes: Pass[];
  /** Connects under way, of all its passes. */
  inFlight: number;
  /** Why the host is known to be up. */
  upReason: Reason | undefined;
  /** What routers and firewalls said in its place, first answer. */
  downReason: Reason | undefined;
  isTimedOut: boolean;
  /** Name of the local fault that made this machine give up some of its ports. */
  faultName: string | undefined;
  /** Local faults since the last probe that could be sent. */
  faultsInARow: number;
  /** Since when; monotonic ms. */
  faultsSinceMs: number;
  /** Conversations with its open ports that are waiting or under way. */
  conversations: number;
  /** Its events stand in its unit. */
  isDone: boolean;
  /** What open ports said. */
  readonly said: { readonly port: number; readonly result: ProbeResult; readonly t: number }[];
  /** Ports whose probe broke: message by port. */
  readonly broken: {
    readonly port: number;
    readonly code: string;
    readonly message: string;
    readonly t: number;
  }[];
}

/** The address of a host in the forms that engines need. */
export function engineAddress(text: string): EngineAddress {
  if (!text.includes(':')) {
    const value = ipv4ToNumber(text);
    const bytes = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
    return { text, family: 4, bytes };
  }
  const { family, value } = parseAddress(text);
  const hex = value.toString(16).padStart(addressBits[family] / 4, '0');
  return { text, family, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) };
}
