import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/create-program.ts';
import { commands, portolan } from '../src/cli/program.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }), 'CONTRIBUTING.md'];
const texts = new Map(pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]));
const everything = [...texts.values()].join('\n');

const nowhere = {
  stdin: Readable.from([]),
  stdout: new Writable(),
  stderr: new Writable(),
  env: {},
  signal: new AbortController().signal,
};

describe('the documentation', () => {
  test.each(commands.filter(({ isHidden }) => !isHidden).map(({ name }) => name))(
    'names the command %s',
    (name) => {
      expect(everything).toMatch(new RegExp(`portolan ${name}\\b|\`${name}\``));
    },
  );

  test('names every option of every command', async () => {
    const program = await createProgram(nowhere, { program: portolan, define: () => true });
    const options = new Set(
      program.commands.flatMap((command) => command.options.map(({ long }) => long!)),
    );
    expect([...options].filter((option) => !everything.includes(option))).toEqual([]);
  });

  test('names every setting of the environment', () => {
    const config = readFileSync(join(root, 'src/config.ts'), 'utf8');
    const names = [...config.matchAll(/env\['([A-Z_]+)'\]/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => name !== 'HOME' && !everything.includes(name))).toEqual([]);
  });

  test('has no link that leads nowhere', () => {
    const broken = [...texts].flatMap(([page, text]) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map(([, path]) => path!)
        .filter((path) => globSync(join(root, dirname(page), path)).length === 0)
        .map((path) => `${page}: ${path}`),
    );
    expect(broken).toEqual([]);
  });

  test('names no file that is not there', () => {
    const missing = [...texts].flatMap(([page, text]) =>
      [...text.matchAll(/`((?:src|sql|test|bench|scripts|docs|bin)\/[\w./-]+)`/g)]
        .map(([, path]) => path!)
        .filter((path) => globSync(join(root, path)).length === 0)
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('says of every folder of the sources what it is for, and of no other', () => {
    const named = [...texts.get('CONTRIBUTING.md')!.matchAll(/^\| `(src\/[\w-]+)` /gm)];
    const folders = globSync('src/*', { cwd: root, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/${name}`);
    expect(new Set(named.map(([, folder]) => folder))).toEqual(new Set(folders));
  });

  test('the README is at most 120 lines', () => {
    expect(texts.get('README.md')!.split('\n').length).toBeLessThanOrEqual(120);
  });
});
