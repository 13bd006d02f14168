import { describe, expect, test } from 'vitest';
import type { HttpResponse } from './message.ts';
import { technologiesOf } from './technologies.ts';
import { technologyRules } from './technology-rules.ts';

function response(...headers: readonly (readonly [string, string])[]): HttpResponse {
  const head = ['HTTP/1.1 200 OK', ...headers.map(([name, value]) => `${name}: ${value}`)];
  return { isHttp2: false, status: 200, headers, head: head.join('\r\n'), body: Buffer.alloc(0) };
}

describe('technologies', () => {
  for (const [html, expected] of [
    ['<meta name="generator" content="WordPress 6.4">', ['php', 'wordpress']],
    ['<script src="/_next/static/chunks/main.js"></script>', ['next.js', 'node.js', 'react']],
    ['<meta content="Hugo 0.119" name=generator>', ['hugo']],
    ['<script src="https://code.example/jquery-3.7.1.min.js"></script>', ['jquery']],
    ['<link rel=stylesheet href="/css/bootstrap.min.css">', ['bootstrap']],
    ['<app-root ng-version="17.0.1"></app-root>', ['angular']],
    ['<input type="hidden" name="__VIEWSTATE" value="">', ['asp.net']],
    ['<p>nothing of note</p>', []],
  ] as const) {
    test(`${html} shows ${expected.join(', ') || 'none'}`, () => {
      expect(technologiesOf(response(), html).sort()).toEqual(expected);
    });
  }

  test('are read from headers and from the names of cookies, not from their values', () => {
    expect(
      technologiesOf(response(['server', 'nginx/1.2'], ['set-cookie', 'PHPSESSID=1; path=/']), ''),
    ).toEqual(['nginx', 'php']);
    expect(technologiesOf(response(['set-cookie', 'a=PHPSESSID']), '')).toEqual([]);
    expect(technologiesOf(response(['cf-ray', '1']), '')).toEqual(['cloudflare']);
  });

  test('are at least forty, each named once and shown by some sign', () => {
    expect(technologyRules.length).toBeGreaterThanOrEqual(40);
    expect(new Set(technologyRules.map(({ name }) => name)).size).toBe(technologyRules.length);
    for (const { name, implies, ...signs } of technologyRules) {
      expect(Object.keys(signs), name).not.toEqual([]);
      expect(name).toBe(name.toLowerCase());
      expect(implies ?? []).not.toContain(name);
    }
  });
});
