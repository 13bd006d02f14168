/**
 * Builds the npm package into `build/package`: compiled sources, bin, SQL, profiles, and a
 * package.json without the fields that only development needs, the pinned Node.js among them.
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
  devEngines,
  scripts,
  devDependencies,
  optionalDependencies,
  allowScripts,
  ...kept
} = manifest;
void [_private, devEngines, scripts, devDependencies, optionalDependencies, allowScripts];
writeFileSync(
  `${target}/package.json`,
  `${JSON.stringify({ ...kept, files: ['bin', 'dist', 'sql', 'profiles'] }, null, 2)}\n`,
);
for (const bin of Object.values(manifest['bin'] as Record<string, string>)) {
  chmodSync(`${target}/${bin}`, 0o755);
}
execFileSync('publint', [target, '--strict'], { stdio: 'inherit' });
