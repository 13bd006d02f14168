import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let made: { leaf: string; issuer: string } | undefined;

/** Two certificates, made once by openssl. */
export function selfSigned(): { leaf: string; issuer: string } {
  made ??= { leaf: certificate('app.example.com'), issuer: certificate('ca.example.com') };
  return made;
}

function certificate(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-cert-'));
  const path = join(folder, 'cert.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = [
    '-subj',
    `/O=Example/CN=${name}`,
    '-addext',
    `subjectAltName=DNS:${name},IP:192.0.2.1`,
  ];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', path];
  execFileSync('openssl', ['req', '-x509', '-days', '30', ...key, ...names, ...files], {
    stdio: 'ignore',
  });
  const pem = readFileSync(path, 'utf8');
  rmSync(folder, { recursive: true });
  return pem;
}
