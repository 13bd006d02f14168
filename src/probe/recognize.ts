import { omitUndefined } from '../core/omit-undefined.ts';
import type { Service } from '../core/events.ts';
import { type FingerprintRule, fingerprintRules, type RuleKind } from './fingerprints.ts';

/** Versions and details longer than this are not what a rule meant. */
const maxField = 200;
/** How much of a head or page is matched. */
const maxMatched = 32_768;

/** The service that the first matching rule names; undefined where none matches. */
export function recognize(kind: RuleKind, text: string): Service | undefined {
  const start = text.slice(0, maxMatched);
  const rule = ruleFor(kind, start);
  return rule && serviceOf(rule, rule.pattern.exec(start)?.groups ?? {});
}

/** The first rule of a kind that matches. */
export function ruleFor(kind: RuleKind, text: string): FingerprintRule | undefined {
  return fingerprintRules.find(({ on, pattern }) => on === kind && pattern.test(text));
}

function serviceOf(
  rule: FingerprintRule,
  groups: Readonly<Record<string, string | undefined>>,
): Service {
  const version = field(groups['version']);
  const extra = [rule.extra, field(groups['extra'])].filter(Boolean).join('; ');
  return {
    name: rule.name,
    ...omitUndefined({
      product: rule.product,
      vendor: rule.vendor,
      version,
      extra_info: extra || undefined,
      cpe: rule.cpe && cpe(rule.cpe, version),
    }),
    confidence: rule.confidence,
    method: rule.on === 'banner' ? 'banner' : 'http',
  };
}

function field(text: string | undefined): string | undefined {
  const clean = text
    ?.replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, maxField);
  return clean === '' ? undefined : clean;
}

/**
 * A CPE 2.3 formatted string (NIST IR 7695). OpenSSH's portable releases (`9.6p1`) put what
 * follows the number into the update field, as the CPE dictionary does.
 *
 * @param product `part:vendor:product`
 */
function cpe(product: string, version: string | undefined): string {
  const [, release = version, update = '*'] = /^(\d[\d.]*)(p\d+)$/.exec(version ?? '') ?? [];
  return `cpe:2.3:${product}:${quote(release)}:${quote(update)}:*:*:*:*:*:*`;
}

function quote(text: string | undefined): string {
  if (text === undefined || text === '*') return '*';
  return text
    .toLowerCase()
    .replaceAll(' ', '_')
    .replaceAll(/[^a-z0-9._-]/g, String.raw`\$&`);
}
