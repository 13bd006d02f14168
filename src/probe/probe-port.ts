import type { Service } from '../core/events.ts';
import { bannerText } from '../core/banner-text.ts';
import { runProbes } from './run-probes.ts';
import type { StepResult } from './step-result.ts';
import { guessByPort } from './port-service.ts';
import { defaultProbeLimits, type ProbeLimits } from './limits.ts';
import { isPrinterPort } from './printer-ports.ts';
import type { ProbeFault, ProbeResult, ProbeTarget } from './probe.ts';
import { PortSession } from './session.ts';

/**
 * Finds out what is on an open TCP port: waits for a greeting, asks questions in the order in
 * which the port's number makes them likely, shakes hands in TLS, reads web pages. It needs a few
 * connections and at most `totalMs`; whatever goes wrong is a fault in the result, never an
 * exception. Printers (9100 to 9107) are not asked.
 *
 * @example
 * const result = await probePort({ addr, port, connect, inScope: () => false, signal });
 * result.service; // { name: 'ssh', product: 'OpenSSH', version: '9.6p1', … }
 */
export async function probePort(
  target: ProbeTarget,
  limits: Partial<ProbeLimits> = {},
): Promise<ProbeResult> {
  const guess = guessByPort(target.port);
  if (isPrinterPort(target.port)) return { service: guess, banners: [], endpoints: [], faults: [] };
  using session = new PortSession(target, { ...defaultProbeLimits, ...limits });
  try {
    const finding = await runProbes(session);
    return resultOf(session, finding, guess);
  } catch (error) {
    // A fault of a probe itself must not end the scan.
    session.failed(error, 'the probe failed');
    return { service: guess, banners: [], endpoints: [], faults: faultsOf(session) };
  }
}

function resultOf(
  session: PortSession,
  finding: StepResult | undefined,
  guess: Service,
): ProbeResult {
  if (!finding && session.faults.length === 0) {
    session.fault('NO_ANSWER', 'the port accepts connections but says nothing');
  }
  const protocol = finding?.service?.name ?? finding?.asked ?? 'unknown';
  const endpoints = finding?.endpoints ?? [];
  return {
    service: finding?.service ?? guess,
    banners: (finding?.answers ?? []).map(({ bytes, t }) => ({
      protocol,
      banner: bannerText(bytes, session.limits.maxBannerBytes),
      t,
    })),
    endpoints,
    ...(finding?.tls && endpoints.length === 0 ? { tls: finding.tls } : {}),
    faults: faultsOf(session),
  };
}

function faultsOf({ faults, target }: PortSession): ProbeFault[] {
  const message = 'the probe was ended before it had finished';
  return target.signal.aborted ? [...faults, { code: 'ABORTED', message }] : faults;
}
