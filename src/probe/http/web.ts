import { omitUndefined } from '../../core/omit-undefined.ts';
import type { Service } from '../../core/events.ts';
import { recognize } from '../recognize.ts';
import { type FaviconHashes, faviconHashes } from './favicon.ts';
import { decodeText, iconLink, tagsOf, titleOf } from './html.ts';
import { decodedBody, noteBody, rootUrl, type Site } from './client.ts';
import { headerOf, type HttpResponse } from './message.ts';
import type { ProbeResult } from '../probe.ts';
import type { PortSession } from '../session.ts';
import { technologiesOf } from './technologies.ts';

type Endpoint = ProbeResult['endpoints'][number];

/** What a header may hold before it is cut, in characters. */
const maxHeaderValue = 2048;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Pages that name the product where the first one does not, by port. */
const versionPages: Readonly<Record<number, string>> = {
  2375: '/version',
  2379: '/version',
  6443: '/version',
  8500: '/v1/agent/self',
};

export interface WebFinding {
  readonly service: Service;
  readonly endpoints: readonly Endpoint[];
}

interface Page {
  readonly url: URL;
  readonly response: HttpResponse;
  readonly html: string;
  readonly endpoint: Endpoint;
}

/**
 * Probes a web server: its first page, where that redirects to, and its icon. A redirect is
 * followed only where it stays on this port and scheme, since all connections lead here; another
 * port's pages are found when that port is scanned.
 *
 * @param first the response to the first page, where it was read already
 */
export async function probeSite(
  session: PortSession,
  site: Site,
  first?: HttpResponse,
): Promise<WebFinding | undefined> {
  const pages = await followRedirects(session, site, first);
  const [root] = pages;
  if (!root) return undefined;
  const versionPage = versionPages[session.target.port];
  if (versionPage !== undefined && serviceOf(site, pages).product === undefined) {
    const page = await readPage(session, site, new URL(versionPage, root.url));
    if (page) pages.push(page);
  }
  const icon = await findIcon(session, site, pages.at(-1) ?? root);
  const endpoints = pages.map(({ endpoint }) => ({
    ...endpoint,
    ...(icon ? { favicon_hash: icon.murmur3, favicon_md5: icon.md5 } : {}),
  }));
  return { service: serviceOf(site, pages), endpoints };
}

async function followRedirects(
  session: PortSession,
  site: Site,
  first: HttpResponse | undefined,
): Promise<Page[]> {
  const pages: Page[] = [];
  const visited = new Set<string>();
  let url: URL | undefined = rootUrl(session, site.scheme);
  let response = first;
  while (url) {
    visited.add(url.href);
    const page: Page | undefined = await readPage(session, site, url, response);
    if (!page) break;
    pages.push(page);
    response = undefined;
    url = nextUrl(session, page, visited);
  }
  return pages;
}

async function readPage(
  session: PortSession,
  site: Site,
  url: URL,
  known?: HttpResponse,
): Promise<Page | undefined> {
  const response = known ?? (await site.get(url));
  if (!response) return undefined;
  noteBody(session, url, response);
  const type = headerOf(response, 'content-type');
  const html = decodeText(await decodedBody(session, response), type);
  return { url, response, html, endpoint: endpointOf(site, url, response, html) };
}

/** Where a page redirects to, if that may be followed; a fault says why not. */
function nextUrl(session: PortSession, page: Page, visited: ReadonlySet<string>): URL | undefined {
  const location = headerOf(page.response, 'location');
  if (!redirects.has(page.response.status) || location === undefined) return undefined;
  const from = page.url.href;
  const url = URL.parse(location.slice(0, maxHeaderValue), from);
  if (!url) {
    session.fault('PARSE_LOCATION', `${from} redirects to "${location.slice(0, 200)}", no URL`);
    return undefined;
  }
  url.hash = '';
  if (
    !/^https?:$/.test(url.protocol) ||
    (url.host !== page.url.host && !session.target.inScope(url))
  ) {
    session.fault('REDIRECT_OUT_OF_SCOPE', `${from} redirects to ${url.href}, outside the scan`);
    return undefined;
  }
  if (url.protocol !== page.url.protocol || url.port !== page.url.port) return undefined;
  if (visited.has(url.href)) {
    session.fault('REDIRECT_LOOP', `${from} redirects to ${url.href} again`);
    return undefined;
  }
  if (visited.size > session.limits.maxRedirects) {
    session.fault('TOO_MANY_REDIRECTS', `${from} is redirect ${visited.size}: not followed`);
    return undefined;
  }
  return url;
}

function endpointOf(site: Site, url: URL, response: HttpResponse, html: string): Endpoint {
  const header = (name: string) => headerOf(response, name)?.slice(0, maxHeaderValue);
  const length = header('content-length');
  const isLength = length !== undefined && /^\d{1,15}$/.test(length);
  return {
    scheme: site.scheme,
    authority: url.host,
    path: `${url.pathname}${url.search}`,
    status: response.status,
    h2: response.isHttp2 ? 1 : 0,
    server_header: header('server') ?? null,
    content_type: header('content-type') ?? null,
    ...omitUndefined({
      content_length: isLength ? Number(length) : undefined,
      title: titleOf(html),
      location: header('location'),
      tls: site.tls,
    }),
    tech_tags: technologiesOf(response, html),
    t: Date.now(),
  };
}

/** The service that the pages' heads show, else their texts. */
function serviceOf(site: Site, pages: readonly Page[]): Service {
  const name = site.scheme;
  for (const kind of ['http', 'page'] as const) {
    for (const { response, html } of pages) {
      const service = recognize(kind, kind === 'http' ? response.head : html);
      if (service) return { ...service, name: service.name === 'http' ? name : service.name };
    }
  }
  return { name, confidence: 0.9, method: 'http' };
}

async function findIcon(
  session: PortSession,
  site: Site,
  page: Page,
): Promise<FaviconHashes | undefined> {
  const usual = new URL('/favicon.ico', page.url).href;
  const link = iconLink(tagsOf(page.html))?.slice(0, maxHeaderValue);
  const linked = link === undefined ? null : URL.parse(link, page.url.href);
  const hrefs = linked?.origin === page.url.origin ? [linked.href, usual] : [usual];
  for (const href of new Set(hrefs)) {
    if (session.isOver) return undefined;
    const response = await site.get(new URL(href));
    if (response?.status !== 200 || response.problem) continue;
    const hashes = faviconHashes(await decodedBody(session, response));
    if (hashes) return hashes;
  }
  return undefined;
}
