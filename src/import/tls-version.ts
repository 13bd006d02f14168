import { asText } from './json-object.ts';

/** A TLS version by OpenSSL's name, as used in every table: `TLSv1.2`, `TLSv1`. */
export function tlsVersion(value: unknown): string | undefined {
  const text = asText(value);
  const [, minor] = /^tls ?v?1\.?([0-3])$/i.exec(text ?? '') ?? [];
  if (minor === undefined) return text;
  return minor === '0' ? 'TLSv1' : `TLSv1.${minor}`;
}
