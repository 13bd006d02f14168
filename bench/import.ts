import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './median.ts';

const run = promisify(execFile);

const rounds = 3;
const ports = 500_000;
const portsPerHost = 250;
const nmapHosts = 28_000;

/** A file to import, and the number of its ports. */
interface Sample {
  readonly name: string;
  readonly path: string;
  readonly ports: number;
}

/**
 * Imports the same ports as Portolan's JSON Lines, in masscan's three formats and naabu's, and 100 MB
 * of nmap XML as `-sV` writes it, each into a new store in its own process. Every round imports all
 * of them in turn.
 */
export async function benchImport(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-import-'));
  try {
    const samples = await writeSamples(folder);
    const seconds = new Map(samples.map(({ name }) => [name, [] as number[]]));
    let peak = 0;
    for (let round = 0; round < rounds; round++) {
      for (const { name, path } of samples) {
        const result = await timeImport(path, join(folder, `${name}.db`));
        seconds.get(name)!.push(result.seconds);
        if (name === 'nmap-xml') peak = Math.max(peak, result.megabytes);
      }
    }
    const [jsonl] = samples;
    const base = jsonl!.ports / median(seconds.get('jsonl')!);
    console.log(`imports into a new store (median of ${rounds})`);
    for (const { name, path, ports: count } of samples) {
      const took = median(seconds.get(name)!);
      const rate = count / took;
      const bytes = (await stat(path)).size / 1e6 / took;
      console.log(
        `  ${name.padEnd(15)}${took.toFixed(1).padStart(6)} s${(rate / 1000).toFixed(0).padStart(6)}k ports/s` +
          `${bytes.toFixed(1).padStart(7)} MB/s  ${(rate / base).toFixed(2)} × the rate of jsonl`,
      );
    }
    console.log(`  peak memory with nmap-xml ${peak.toFixed(0)} MB (limit 400)`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeSamples(folder: string): Promise<Sample[]> {
  const lines: Readonly<Record<string, (ip: string, port: number, second: number) => string>> = {
    jsonl: (ip, port, second) =>
      `{"type":"scan.port","run_id":"018f0000-0000-7000-8000-000000000001","addr":"${ip}","transport":"tcp","port":${port},"state":"open","reason":"syn-ack","t_first":${second}101,"t_last":${second}126}\n`,
    'masscan-json': (ip, port, second) =>
      `{   "ip": "${ip}",   "timestamp": "${second}", "ports": [ {"port": ${port}, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 64} ] }\n,\n`,
    'masscan-ndjson': (ip, port, second) =>
      `{"ip":"${ip}","timestamp":"${second}","port":${port},"proto":"tcp","rec_type":"status","data":{"status":"open","reason":"syn-ack","ttl":64}}\n`,
    'masscan-list': (ip, port, second) => `open tcp ${port} ${ip} ${second}\n`,
    naabu: (ip, port, second) =>
      `{"host":"${ip}","ip":"${ip}","timestamp":"${new Date(second * 1000).toISOString()}","port":${port},"protocol":"tcp","tls":false}\n`,
  };
  const samples: Sample[] = [];
  for (const [name, line] of Object.entries(lines)) {
    const path = join(folder, `${name}.txt`);
    await write(path, portLines(line));
    samples.push({ name, path, ports });
  }
  const path = join(folder, 'nmap.xml');
  await write(path, nmapXml(nmapHosts));
  return [...samples, { name: 'nmap-xml', path, ports: nmapHosts * 10 }];
}

function* portLines(line: (ip: string, port: number, second: number) => string): Generator<string> {
  for (let i = 0; i < ports; i++) {
    const host = Math.floor(i / portsPerHost);
    const ip = `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
    yield line(ip, 1 + (i % portsPerHost) * 13, 1_725_900_000 + (i >> 8));
  }
}

/**
 * Ten ports per host, each with a product in one of 40 versions and two CPEs, every fifth with a
 * script: 350 bytes per port.
 */
function* nmapXml(hosts: number): Generator<string> {
  yield (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n' +
    '<nmaprun scanner="nmap" args="nmap -sV 10.0.0.0/8" start="1700000000" version="7.93">\n' +
    '<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>\n'
  );
  for (let host = 0; host < hosts; host++) {
    let text =
      '<host starttime="1700000000" endtime="1700000100"><status state="up" reason="echo-reply" reason_ttl="63"/>\n' +
      `<address addr="10.${host >> 16}.${(host >> 8) & 255}.${host & 255}" addrtype="ipv4"/>\n` +
      `<hostnames>\n<hostname name="h${host}.example.com" type="PTR"/>\n</hostnames>\n` +
      '<ports><extraports state="closed" count="990">\n<extrareasons reason="reset" count="990" proto="tcp" ports="1-21,23-79,81-1000"/>\n</extraports>\n';
    for (let port = 20; port < 90; port += 7) {
      const script =
        port % 5 === 0
          ? '<script id="http-title" output="Welcome to &lt;nginx&gt;!"><elem key="title">Welcome &amp; x</elem></script>'
          : '';
      text +=
        `<port protocol="tcp" portid="${port}"><state state="open" reason="syn-ack" reason_ttl="63"/>` +
        `<service name="http" product="nginx" version="1.${port}.${host % 40}" extrainfo="Ubuntu" ostype="Linux" method="probed" conf="10">` +
        `<cpe>cpe:/a:igor_sysoev:nginx:1.${port}.${host % 40}</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service>${script}</port>\n`;
    }
    yield `${text}</ports>\n<times srtt="1223" rttvar="3333" to="100000"/>\n</host>\n`;
  }
  yield (
    '<runstats><finished time="1700001000" elapsed="1000" exit="success"/>' +
    `<hosts up="${hosts}" down="0" total="${hosts}"/>\n</runstats>\n</nmaprun>\n`
  );
}

async function write(path: string, texts: Iterable<string>): Promise<void> {
  const out = createWriteStream(path);
  let block = '';
  for (const text of texts) {
    block += text;
    if (block.length < 1_000_000) continue;
    if (!out.write(block)) await once(out, 'drain');
    block = '';
  }
  out.end(block);
  await once(out, 'finish');
}

/** The URL of a module as a string literal. */
function source(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url));
}

async function timeImport(
  file: string,
  store: string,
): Promise<{ seconds: number; megabytes: number }> {
  for (const end of ['', '-wal', '-shm']) await rm(`${store}${end}`, { force: true });
  const program = `
    import { openSqliteStore } from ${source('../src/store/sqlite/open.ts')};
    import { recordImport } from ${source('../src/record/import-recorder.ts')};
    import { readImport } from ${source('../src/import/read-import.ts')};
    const store = await openSqliteStore(${JSON.stringify(store)}, { create: true });
    await recordImport(store, readImport({ path: ${JSON.stringify(file)} }));
    await store.close();
    console.log(process.resourceUsage().maxRSS);`;
  const started = performance.now();
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  return { seconds: (performance.now() - started) / 1000, megabytes: Number(stdout) / 1024 };
}
