import type { Service } from '../core/events.ts';
import { bannerText } from '../core/banner-text.ts';
import { runProbes } from './run-probes.ts';
import type { StepResult } from './step-result.ts';
import { portService } from './port-service.ts';
import { defaultProbeLimits, type ProbeLimits } from './limits.ts';
import { isPrinterPort } from './printer-ports.ts';
import type { ProbeFault, ProbeResult, ProbeTarget } from './probe.ts';
import { PortSession } from './session.ts';

/**
 * Finds out what is on an open TCP port: waits for a greeting, sends payloads in the order in which
 * the port's number makes them likely, starts TLS, reads web pages. It needs a few connections and
 * at most `totalMs`; whatever goes wrong is a fault in the result, never an exception. Printers are
 * not probed.
 *
 * @example
 * const result = await probePort({ addr, port, connect, inScope: () => false, signal });
 * result.service; // { name: 'ssh', product: 'OpenSSH', version: '9.6p1', … }
 */
export async function probePort(
  target: ProbeTarget,
  limits: Partial<ProbeLimits> = {},
): Promise<ProbeResult> {
  const byPort = portService(target.port);
  if (isPrinterPort(target.port))
    return { service: byPort, banners: [], endpoints: [], faults: [] };
  using session = new PortSession(target, { ...defaultProbeLimits, ...limits });
  try {
    const found = await runProbes(session);
    return resultOf(session, found, byPort);
  } catch (error) {
    // A defect of a probe must not end the scan.
    session.failed(error, 'the probe failed');
    return { service: byPort, banners: [], endpoints: [], faults: faultsOf(session) };
  }
}

function resultOf(
  session: PortSession,
  found: StepResult | undefined,
  byPort: Service,
): ProbeResult {
  if (!found && session.faults.length === 0) {
    session.fault('NO_ANSWER', 'the port accepts connections but says nothing');
  }
  const protocol = found?.service?.name ?? found?.asked ?? 'unknown';
  const endpoints = found?.endpoints ?? [];
  return {
    service: found?.service ?? byPort,
    banners: (found?.answers ?? []).map(({ bytes, t }) => ({
      protocol,
      banner: bannerText(bytes, session.limits.maxBannerBytes),
      t,
    })),
    endpoints,
    ...(found?.tls && endpoints.length === 0 ? { tls: found.tls } : {}),
    faults: faultsOf(session),
  };
}

function faultsOf({ faults, target }: PortSession): ProbeFault[] {
  const message = 'the probe was ended before it had finished';
  return target.signal.aborted ? [...faults, { code: 'ABORTED', message }] : faults;
}
