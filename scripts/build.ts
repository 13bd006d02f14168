/**
 * Builds what is published into `build/package`: compiled sources, the bin, the SQL, and a
 * package.json without what only development needs (among it the pinned Node.js).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const target = 'build/package';
rmSync(target, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const path of ['bin', 'sql', 'profiles', 'README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md']) {
  cpSync(path, `${target}/${path}`, { recursive: true });
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
const {
  private: _private,
  scripts,
  devDependencies,
  optionalDependencies,
  allowScripts,
  ...kept
} = manifest;
void [_private, scripts, devDependencies, optionalDependencies, allowScripts];
writeFileSync(
  `${target}/package.json`,
  `${JSON.stringify({ ...kept, files: ['bin', 'dist', 'sql', 'profiles'] }, null, 2)}\n`,
);
for (const bin of Object.values(manifest['bin'] as Record<string, string>)) {
  chmodSync(`${target}/${bin}`, 0o755);
}
execFileSync('publint', [target, '--strict'], { stdio: 'inherit' });
