/**
 * Builds the npm package into `build/package`: compiled sources, bin, SQL, profiles, and a
 * package.json without the fields that only development needs, the pinned Node.js among them.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly devEngines: { readonly runtime: { readonly version: string } };
  readonly [field: string]: unknown;
}

const target = 'build/package';
rmSync(target, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const path of ['bin', 'sql', 'profiles', 'README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md']) {
  cpSync(path, `${target}/${path}`, { recursive: true });
}
const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const {
  private: _private,
  devEngines,
  scripts,
  devDependencies,
  optionalDependencies,
  allowScripts,
  ...published
} = manifest;
void [_private, scripts, devDependencies, optionalDependencies, allowScripts];
writeFileSync(
  `${target}/package.json`,
  `${JSON.stringify(
    {
      ...published,
      engines: { node: devEngines.runtime.version },
      files: ['bin', 'dist', 'sql', 'profiles'],
    },
    null,
    2,
  )}\n`,
);
for (const bin of Object.values(manifest.bin)) {
  chmodSync(`${target}/${bin}`, 0o755);
}
execFileSync('publint', [target, '--strict'], { stdio: 'inherit' });
