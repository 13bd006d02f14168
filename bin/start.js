/**
 * Starts `portolan` or `portman`. This file and the two beside it must parse under any Node.js,
 * because they are what tells an old one apart.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs a program of this package, under the Node.js that `npm ci` installed if this one is too old.
 *
 * @param {string} name what users type
 * @param {string} entry its module in `src/cli`, without the extension
 */
export async function start(name, entry) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) {
    const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
    if (process.platform !== 'win32' && existsSync(node)) return runUnder(node);
    process.stderr.write(
      `${name}: Node.js 22.18 or newer is required; this is ${process.versions.node}.\n` +
        `In a checkout, "npx ${name}" uses the Node.js that "npm ci" installed.\n`,
    );
    process.exitCode = 2;
    return;
  }
  if (process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2])) {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${manifest.version}\n`);
    return;
  }
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // A checkout runs its sources; the published package has only dist/.
  const source = new URL(`../src/cli/${entry}.ts`, import.meta.url);
  const built = new URL(`../dist/cli/${entry}.js`, import.meta.url);
  await import(existsSync(source) ? source.href : built.href);
}

/** Runs this command line again under another Node.js: same streams, signals and exit status. */
async function runUnder(node) {
  const { spawn } = await import('node:child_process');
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  const [status, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (...how) => resolve(how));
  });
  if (signal === null) process.exit(status);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
