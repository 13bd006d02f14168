#!/usr/bin/env node
// The version guard stands before every import: an old Node fails to parse what follows it.
import { existsSync, readFileSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `portman: Node.js 22.18 or newer is needed; this is ${process.versions.node}.\n` +
      'In a checkout, "npx portman" runs it under the Node.js that "npm ci" installed.\n',
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2] ?? '')) {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${manifest.version}\n`);
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // A checkout runs its sources; the published package has only dist/.
  const source = new URL('../src/cli/portman-bin.ts', import.meta.url);
  await import(
    existsSync(source) ? source.href : new URL('../dist/cli/portman-bin.js', import.meta.url).href
  );
}
