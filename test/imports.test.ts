import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../src');

/**
 * The layers, lowest first. A file imports from its own folder and from lower layers; folders of
 * one layer do not import each other.
 */
const layers: readonly (readonly string[])[] = [
  ['errors.ts', 'core', 'config.ts'],
  ['database', 'probe', 'import', 'listeners'],
  ['scan', 'store', 'portman', 'demo'],
  ['record'],
  ['jobs', 'analytics'],
  ['resources'],
  ['app.ts'],
  ['server', 'cli', 'library.ts'],
  ['index.ts'],
];

/** `core` knows nothing but the error table; the error table knows nothing. */
const withinLowest = new Map([['core', ['errors.ts']]]);

const files = globSync('**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));

const anyImport = /(?:from|import\(|import)\s*'(\.[^']+)'/g;
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(anyImport)].map(([, path]) =>
    relative(root, join(root, dirname(file), path!)),
  );
}

function folderOf(path: string): string {
  return path.split('/')[0]!;
}

function layerOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder));
}

test('every folder of src has its layer', () => {
  expect(files.length).toBeGreaterThan(10);
  expect([...new Set(files.map(folderOf))].filter((folder) => layerOf(folder) < 0)).toEqual([]);
});

test('imports point down the layers, and never sideways', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => {
        const [from, to] = [folderOf(file), folderOf(path)];
        if (from === to || withinLowest.get(from)?.includes(to)) return false;
        return layerOf(to) >= layerOf(from);
      })
      .map((path) => `${file} imports ${path}`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself through others, not even a type', () => {
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'open') cycles.push([...path, file].join(' → '));
    if (state.has(file)) return;
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});
