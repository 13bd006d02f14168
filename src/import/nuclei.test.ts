import { expect, test } from 'vitest';
import { ofType, read } from '../../test/import/read-text.ts';

test('nuclei: a check without a match is not a finding', async () => {
  const line = (status: boolean): string =>
    `{"template-id":"x","info":{"severity":"high"},"host":"192.0.2.1","timestamp":"2026-01-01T00:00:00Z","matcher-status":${status}}`;
  const found = await read(`${line(false)}\n${line(true)}\n${line(false)}\n`);
  expect(ofType(found, 'scan.finding')).toHaveLength(1);
  expect(found.last.badLines).toBe(0);
});

test('nuclei: findings, including names without an address', async () => {
  const found = await read(
    [
      '{"template-id":"CVE-2021-44228","info":{"name":"Log4j","severity":"critical","tags":["cve","rce"],"description":" text ","classification":{"cve-id":["cve-2021-44228"],"cwe-id":["cwe-502"],"cvss-score":10}},"matcher-name":"m","type":"http","host":"http://a.example:8080","port":"8080","url":"http://a.example:8080","matched-at":"http://a.example:8080/x","extracted-results":["1.2"],"ip":"192.0.2.10","timestamp":"2026-01-01T00:00:00.000000001Z"}',
      '{"templateID":"spf","info":{"name":"SPF","severity":"info","tags":"dns,spf"},"type":"dns","host":"a.example","matched":"a.example","timestamp":"2026-01-01T00:00:01Z"}',
      '{"template-id":"ssh","info":{"name":"SSH","severity":"odd"},"type":"tcp","host":"192.0.2.11:22","matched-at":"192.0.2.11:22","timestamp":"2026-01-01T00:00:02Z"}',
    ].join('\n'),
  );
  expect(found.format).toBe('nuclei');
  const [log4j, spf, ssh] = ofType(found, 'scan.finding');
  expect(log4j).toMatchObject({
    addr: '192.0.2.10',
    transport: 'tcp',
    port: 8080,
    rule: 'CVE-2021-44228',
    matcher: 'm',
    severity: 'critical',
    cve: ['CVE-2021-44228'],
    cwe: ['CWE-502'],
    cvss: 10,
    extracted: ['1.2'],
    description: 'text',
    t: Date.UTC(2026, 0, 1),
  });
  expect(spf).not.toHaveProperty('addr');
  expect(spf).toMatchObject({ rule: 'spf', severity: 'info', tags: ['dns', 'spf'] });
  expect(ssh).toMatchObject({ addr: '192.0.2.11', port: 22, severity: 'unknown' });
});
