import type { ScanBanner, ScanPort, ScanScript } from '../../core/events.ts';

/** The output of a script, as text and as data. */
export type ScriptResult = Pick<ScanScript, 'data' | 'output' | 'script'>;

/** The contents of a `<port>` element, independent of its host. */
export interface PortFacts {
  readonly at: Pick<ScanPort, 'transport' | 'port'>;
  readonly seen: Pick<ScanPort, 'transport' | 'port' | 'state' | 'reason' | 'service'> | undefined;
  readonly said: Pick<ScanBanner, 'protocol' | 'banner'> | undefined;
  readonly scripts: readonly ScriptResult[];
}
