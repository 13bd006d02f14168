/**
 * `npm run bench [start|portman|scan|queue|workers|import|ingest|data-set|postgres|questions]…`:
 * medians, and ratios to a peer.
 */
import { benchDataSet } from './data-set.ts';
import { benchImport } from './import.ts';
import { benchQueue } from './queue.ts';
import { ingest } from './ingest.ts';
import { benchPostgres, benchQuestions } from './postgres.ts';
import { benchPortman } from './portman.ts';
import { benchScan } from './scan.ts';
import { benchWorkers } from './workers.ts';
import { benchStart } from './start.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  start: benchStart,
  portman: benchPortman,
  scan: benchScan,
  postgres: benchPostgres,
  questions: benchQuestions,
  'data-set': () => benchDataSet(),
  import: benchImport,
  queue: benchQueue,
  workers: benchWorkers,
  ingest: async () => {
    const result = await ingest();
    console.log('2 million events of 260 bytes into a new store (median of 3)');
    console.log(`  portolan import                 ${seconds(result.importSeconds)}`);
    console.log(
      `  sqlite3 .import of the same rows${seconds(result.shellSeconds)}  ` +
        `portolan ${result.againstShell.toFixed(2)} × as fast (limit 1.3)`,
    );
    console.log(
      `  INSERT … SELECT of the same rows${seconds(result.copySeconds)}  ` +
        `portolan ${result.againstCopy.toFixed(2)} × as fast (limit 0.55)`,
    );
    console.log(
      `  ${result.bytesPerPort.toFixed(0)} bytes per port including its index (limit 120), ` +
        `peak memory ${result.peakMegabytes.toFixed(0)} MB (limit 300)`,
    );
  },
};

function seconds(value: number): string {
  return `${value.toFixed(1).padStart(7)} s`;
}

const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  const bench = benches[name];
  if (!bench) throw new Error(`no benchmark "${name}": ${Object.keys(benches).join(', ')}`);
  await bench();
}
