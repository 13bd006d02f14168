/**
 * Scans as its arguments say and prints what it found as one line of JSON. Started as a process of
 * its own, so that it can run inside a network namespace or under other limits.
 *
 * Usage: run-scan.ts '{"targets": ["127.0.0.1"], "ports": "-", …}' [counts | hog]
 *   counts  prints how many ports are open, not which, and keeps nothing else
 *   hog     takes the process's descriptors away for half a second once the scan has begun
 */
import type { ScanEvent } from '../../src/core/events.ts';
import { planScan } from '../../src/core/plan.ts';
import { parseScanConfig } from '../../src/core/scan-config.ts';
import { scanNetwork } from '../../src/scan/network/scan-network.ts';
import { everyUnit } from './every-unit.ts';
import { hogDescriptors } from './hog-descriptors.ts';
import { newProgress } from '../../src/scan/scanner.ts';

const config = parseScanConfig({ seed: 'seed', ...JSON.parse(process.argv[2] ?? '{}') });
const plan = planScan(config);
const progress = newProgress();
const units = everyUnit(plan);
const signal = new AbortController().signal;
const events: ScanEvent[] = [];
const isCounting = process.argv[3] === 'counts';
if (process.argv[3] === 'hog') setTimeout(() => hogDescriptors(20, 500), 1);
const startedMs = performance.now();
for await (const batch of scanNetwork(config, { runId: 'run', plan, units, progress, signal })) {
  for (const event of batch) {
    if (!isCounting || (event.type === 'scan.port' && event.state === 'open')) events.push(event);
  }
}
const elapsedMs = performance.now() - startedMs;
const open = events.flatMap((event) =>
  event.type === 'scan.port' && event.state === 'open' ? [`${event.addr}:${event.port}`] : [],
);
const hosts = events.filter((event) => event.type === 'scan.host');
const others = events.filter((event) => event.type === 'run.error' || event.type === 'scan.port');
const rssMb = process.resourceUsage().maxRSS / 1024;
const cpu = process.cpuUsage();
const cpuMs = (cpu.user + cpu.system) / 1000;
process.stdout.write(
  `${JSON.stringify({
    open: isCounting ? open.length : open,
    ...(isCounting ? {} : { hosts, others }),
    progress,
    elapsedMs,
    cpuMs,
    rssMb,
  })}\n`,
);
