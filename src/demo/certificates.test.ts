import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { issueCertificate, issueChain } from './certificates.ts';

function split(pem: string): X509Certificate[] {
  const texts = pem.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? [];
  return texts.map((text) => new X509Certificate(text));
}

test('each certificate of a chain is signed by the next, and the last is self-signed', () => {
  const [leaf, middle, root] = split(issueChain('localhost').certificate);
  expect(leaf?.verify(middle!.publicKey)).toBe(true);
  expect(middle?.verify(root!.publicKey)).toBe(true);
  expect(root?.verify(root.publicKey)).toBe(true);
  expect(leaf?.checkIssued(middle!)).toBe(true);
  expect([leaf?.ca, middle?.ca, root?.ca]).toEqual([false, true, true]);
  expect(leaf?.subjectAltName).toBe('DNS:localhost');
});

test('a certificate carries the dates that it was given', () => {
  const notBefore = new Date('2001-02-03T04:05:06Z');
  const notAfter = new Date('2002-02-03T04:05:06Z');
  const issued = issueCertificate({ commonName: 'old.example', notBefore, notAfter });
  const [certificate] = split(issued.certificate);
  expect(certificate?.validFromDate).toEqual(notBefore);
  expect(certificate?.validToDate).toEqual(notAfter);
});
