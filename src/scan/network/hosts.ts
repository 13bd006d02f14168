import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { ProbePort } from '../../probe/probe.ts';
import type { ScanContext } from '../scanner.ts';
import { needsDiscovery } from './discovery-ports.ts';
import { engineAddress } from './engine-address.ts';
import { type Host, newHost } from './host.ts';
import { reportHost } from './host-events.ts';
import { isHostAnswer, isOpen, type Outcome } from './outcome.ts';
import { Pass, type PassSettings } from './pass.ts';
import { type PassPlan, planPasses } from './pass-plan.ts';
import { portStateOf } from './port-state.ts';
import { ProbeQueue } from './probe-queue.ts';
import type { Scheduler } from './port-scheduler.ts';
import type { Units } from './units.ts';

/** Probes that may wait before no new host is opened. */
const mostWaitingProbes = 512;
/** Hosts that may be open at once, however few probes each has under way. */
const mostOpenHosts = 16_384;
/** How often hosts are checked for their timeout, ms. */
const sweepMs = 100;
/** How long an aborted scan waits for running probes, ms. */
const abortGraceMs = 500;

/** What a network scan gets beside its configuration. */
export interface NetworkScanContext extends ScanContext {
  /** Finds out what an open TCP port is; without it, ports are only found. */
  readonly probePort?: ProbePort | undefined;
}

/**
 * The hosts of a scan: opens them one by one, takes each through its passes and the probes of its
 * open ports, and puts its events into its unit when it is done.
 */
export class Hosts {
  readonly #config: NetworkScanConfig;
  readonly #context: NetworkScanContext;
  readonly #units: Units;
  readonly #scheduler: Scheduler;
  readonly #passes: PassPlan;
  readonly #probes: ProbeQueue | undefined;
  readonly #named: ReadonlySet<string>;
  readonly #open = new Set<Host>();
  #sweptAtMs = 0;

  constructor(
    config: NetworkScanConfig,
    context: NetworkScanContext,
    { units, scheduler }: { units: Units; scheduler: Scheduler },
  ) {
    const { plan, probePort, signal } = context;
    this.#config = config;
    this.#context = context;
    this.#units = units;
    this.#scheduler = scheduler;
    this.#passes = planPasses(config, plan.ports);
    this.#named = new Set(config.named);
    if (config.probe && probePort) {
      // A probe is more to a host than a connect: a quarter as many at once.
      const perHost = Math.ceil(config.host_parallelism / 4);
      const onEnd = (host: Host): void => this.#finishIfDone(host);
      this.#probes = new ProbeQueue({ perHost, probePort, signal, onEnd });
    }
  }

  /** Opens the next host; false where there is none, or no room for it. */
  open(): boolean {
    if (this.#open.size >= mostOpenHosts) return false;
    if (this.#probes && this.#probes.waiting >= mostWaitingProbes) return false;
    const unit = this.#units.next();
    if (!unit) return false;
    const { plan } = this.#context;
    const number = unit.nextPosition;
    const address = engineAddress(plan.addressAt(number));
    const isNamed = this.#named.has(address.text);
    const host = newHost(unit, { address, number, isNamed });
    unit.nextPosition += 1;
    unit.openHosts += 1;
    this.#open.add(host);
    const place = { isLoopback: address.isLoopback, isNamed };
    if (needsDiscovery(this.#config, place, plan.ports.tcp.length)) {
      this.#begin(host, this.#passes.discovery);
    } else {
      this.#beginNextPass(host);
    }
    return true;
  }

  /** Gives up hosts that took longer than the user allows. */
  giveUpSlow(): void {
    const { host_timeout_ms: timeoutMs } = this.#config;
    const nowMs = performance.now();
    if (timeoutMs === 0 || nowMs - this.#sweptAtMs < sweepMs) return;
    this.#sweptAtMs = nowMs;
    const limit = Date.now() - timeoutMs;
    for (const host of this.#open) {
      if (host.isTimedOut || host.startedAt > limit || !host.pass || host.pass.isDone) continue;
      host.isTimedOut = true;
      this.#scheduler.closePass(host.pass);
    }
  }

  /** Hands over what was found until the scan was aborted. */
  async abort(): Promise<void> {
    if (this.#probes) await Promise.race([this.#probes.settled(), pause(abortGraceMs)]);
    for (const host of this.#open) this.#report(host);
    this.#units.finishPartly();
  }

  #begin(host: Host, settings: PassSettings): Pass {
    const pass: Pass = new Pass(host, settings, {
      onAnswer: (index, result) => this.#hear(host, pass, index, result),
      onEnd: () => this.#endPass(host, pass),
    });
    host.pass = pass;
    this.#scheduler.queue(pass);
    return pass;
  }

  /** Begins a host's next pass over ports that the user asked for; false where none is left. */
  #beginNextPass(host: Host): boolean {
    const settings = this.#passes.ports[host.passes.length];
    if (settings) host.passes.push(this.#begin(host, settings));
    return settings !== undefined;
  }

  #hear(host: Host, pass: Pass, index: number, result: Outcome): void {
    if (host.isDone) return;
    const { progress, onOpenPort } = this.#context;
    const { transport } = pass.list;
    if (!isHostAnswer(result)) {
      const { reason } = portStateOf(result, transport);
      if (reason !== 'unknown') host.downReason ??= reason;
      return;
    }
    if (host.upReason === undefined) {
      host.upReason = portStateOf(result, transport).reason;
      progress.hostsUp += 1;
    }
    if (pass.isDiscovery) {
      if (host.pass === pass) this.#endDiscovery(host, pass);
      return;
    }
    if (!isOpen(result)) return;
    const port = pass.list.portAt(index);
    progress.portsOpen += 1;
    onOpenPort?.(host.address.text, port);
    if (transport === 'tcp') this.#probes?.add(host, port);
  }

  /** The host is up: its ports are next. */
  #endDiscovery(host: Host, pass: Pass): void {
    pass.isClosed = true;
    pass.isDone = true;
    if (this.#config.discovery_only || !this.#beginNextPass(host)) this.#finish(host);
  }

  #endPass(host: Host, pass: Pass): void {
    if (pass.isDiscovery) {
      if (!this.#config.discovery_only) this.#context.progress.probesDone += this.#passes.portCount;
      this.#finish(host);
      return;
    }
    if (!host.isTimedOut && this.#beginNextPass(host)) return;
    this.#probes?.release(host);
    this.#finishIfDone(host);
  }

  #finishIfDone(host: Host): void {
    const { pass, probes } = host;
    if (pass?.isDone && !pass.isDiscovery && probes === 0) this.#finish(host);
  }

  #finish(host: Host): void {
    if (host.isDone) return;
    const { progress } = this.#context;
    this.#report(host);
    this.#open.delete(host);
    host.unit.openHosts -= 1;
    progress.hostsDone += 1;
    if (this.#config.discovery_only) progress.probesDone += 1;
    this.#units.finishIfDone(host.unit);
  }

  #report(host: Host): void {
    const { runId, progress } = this.#context;
    host.isDone = true;
    progress.errors += reportHost(host, {
      runId,
      hostname: this.#config.hostnames[host.address.text],
      recordAll: this.#config.record_all,
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
