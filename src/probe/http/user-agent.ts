import { createRequire } from 'node:module';

let cached: string | undefined;

/** How probes name themselves in HTTP: `Portolan/` and the package's version. */
export function userAgent(): string {
  if (cached === undefined) {
    // The same three steps up from src/ in a checkout and from dist/ in the package.
    const { version }: { version: string } = createRequire(import.meta.url)(
      '../../../package.json',
    );
    cached = `Portolan/${version}`;
  }
  return cached;
}
