import { describe, expect, test } from 'vitest';
import { fingerprintRules } from './fingerprints.ts';
import { recognize, ruleFor } from './recognize.ts';

describe('fingerprint rules', () => {
  for (const [index, rule] of fingerprintRules.entries()) {
    const title = `${rule.on} rule ${index} (${rule.product ?? `any ${rule.name}`})`;
    test(`${title} catches its own examples, before every other rule`, () => {
      expect(rule.examples.length).toBeGreaterThan(0);
      for (const { text, version, extra } of rule.examples) {
        const caught = ruleFor(rule.on, text);
        expect(caught && fingerprintRules.indexOf(caught), text).toBe(index);
        const service = recognize(rule.on, text);
        expect(service).toMatchObject({ name: rule.name, confidence: rule.confidence });
        expect(service?.product).toBe(rule.product);
        expect(service?.version).toBe(version);
        expect(service?.extra_info).toBe(extra);
      }
    });
  }

  test('know at least 80 products, each with a well-formed CPE or none', () => {
    const products = new Set(fingerprintRules.map(({ product }) => product).filter(Boolean));
    expect(products.size).toBeGreaterThanOrEqual(80);
    for (const { cpe } of fingerprintRules) {
      if (cpe !== undefined) expect(cpe).toMatch(/^[aoh]:[a-z0-9_.-]+:[a-z0-9_.-]+$/);
    }
  });

  test('put the portable release of OpenSSH into the update field of its CPE', () => {
    expect(recognize('banner', 'SSH-2.0-OpenSSH_9.6p1 Debian-3\r\n')?.cpe).toBe(
      'cpe:2.3:a:openbsd:openssh:9.6:p1:*:*:*:*:*:*',
    );
  });

  test('quote what a CPE may not hold', () => {
    const service = recognize('http', 'HTTP/1.1 200 OK\r\nServer: Docker/24.0+a (linux)');
    expect(service?.cpe).toBe(String.raw`cpe:2.3:a:docker:engine:24.0\+a:*:*:*:*:*:*:*`);
  });

  test('match nothing without a rule', () => {
    expect(recognize('banner', 'hello')).toBeUndefined();
  });
});
