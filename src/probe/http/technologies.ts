import { tagsOf } from './html.ts';
import type { HttpResponse } from './message.ts';
import { technologyRules, type TechnologyRule } from './technology-rules.ts';

/** How much of a page is searched. */
const maxSearched = 65_536;

interface Signs {
  readonly head: string;
  readonly cookies: string;
  readonly generators: string;
  readonly scripts: string;
  readonly html: string;
}

/**
 * Technologies that a response shows, by the names of the rules, in their order, without doubles.
 * A technology brings those that it is built with.
 */
export function technologiesOf(response: HttpResponse, html: string): string[] {
  const signs = signsOf(response, html.slice(0, maxSearched));
  const found = new Set<string>();
  for (const rule of technologyRules) {
    if (!isShown(rule, signs)) continue;
    found.add(rule.name);
    for (const name of rule.implies ?? []) found.add(name);
  }
  return [...found];
}

function signsOf(response: HttpResponse, html: string): Signs {
  const tags = tagsOf(html);
  const valuesOf = (name: 'meta' | 'script' | 'link', key: string) =>
    tags.filter((tag) => tag.name === name).map(({ attributes }) => attributes.get(key) ?? '');
  const generators = tags.filter(
    ({ attributes }) => attributes.get('name')?.toLowerCase() === 'generator',
  );
  return {
    head: response.head,
    cookies: response.headers
      .filter(([name]) => name === 'set-cookie')
      .map(([, value]) => value.split('=', 1)[0])
      .join('\n'),
    generators: generators.map(({ attributes }) => attributes.get('content') ?? '').join('\n'),
    scripts: [...valuesOf('script', 'src'), ...valuesOf('link', 'href')].join('\n'),
    html,
  };
}

function isShown(rule: TechnologyRule, signs: Signs): boolean {
  return (
    rule.head?.test(signs.head) === true ||
    rule.cookie?.test(signs.cookies) === true ||
    rule.generator?.test(signs.generators) === true ||
    rule.script?.test(signs.scripts) === true ||
    rule.html?.test(signs.html) === true
  );
}
