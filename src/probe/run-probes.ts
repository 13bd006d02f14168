import type { Service } from '../core/events.ts';
import { tlsServiceName } from '../core/tls-service-name.ts';
import { answerText } from './answer-text.ts';
import { http1Site, requestHttp1, rootUrl, type Site } from './http/client.ts';
import { beginsAsHttp2, http2Site } from './http/http2-client.ts';
import type { HttpResponse } from './http/message.ts';
import { probeSite } from './http/web.ts';
import {
  generalPayloads,
  greetingTlsPorts,
  httpPorts,
  payloadOf,
  payloadsForPort,
  type ProbePayload,
  tlsPorts,
} from './probe-payloads.ts';
import type { ProbeFault } from './probe.ts';
import { recognize } from './recognize.ts';
import type { Answer, PortSession } from './session.ts';
import type { Connection, Dial, Miss, StepResult } from './step-result.ts';
import { beginsAsTelnet, readTelnet } from './telnet.ts';
import { startTls } from './tls/handshake.ts';
import type { Wire } from './wire.ts';

type Step = (connection: Connection) => Promise<StepResult | Miss>;

/** How the connections of a step are made. */
interface Route {
  readonly session: PortSession;
  readonly dial: Dial;
}

/**
 * Probes a port until something is found. A connection on which the server stayed silent is used
 * for the next probe, so that most ports cost one or two.
 */
export async function runProbes(session: PortSession): Promise<StepResult | undefined> {
  const { port } = session.target;
  const dial: Dial = async () => {
    const wire = await session.open();
    return wire && { wire };
  };
  const route = { session, dial };
  const own = payloadsForPort(port).map((payload) => payloadStep(route, payload));
  const general = generalPayloads(port).map((payload) => payloadStep(route, payload));
  const web: Step = (connection) => requestPage(route, connection);
  const tls: Step = (connection) => probeInTls(route, connection);
  const isKnown = own.length > 0 || httpPorts.has(port) || tlsPorts.has(port);
  const greeting = isKnown ? [] : [greetingStep(route)];
  const likely = tlsPorts.has(port) ? [tls, ...own, web] : [...own, web, tls];
  return runSteps(route, [...greeting, ...likely, ...general], { tls });
}

/** Takes steps until one finds something; those that found nothing may leave their connection. */
async function runSteps(
  { session, dial }: Route,
  steps: readonly Step[],
  { tls, first }: { readonly tls?: Step; readonly first?: Connection },
): Promise<StepResult | undefined> {
  const misses: ProbeFault[] = [];
  const left = [...steps];
  let kept = first;
  for (let step = left.shift(); step; step = left.shift()) {
    if (session.isOver && !isUsable(kept)) break;
    const connection: Connection | undefined = isUsable(kept) ? kept : await dial();
    kept = undefined;
    if (!connection) continue;
    const result = await step(connection);
    if (!('isMiss' in result)) return result;
    if (result.fault) misses.push(result.fault);
    kept = result.connection;
    if (result.wantsTls && tls && left.includes(tls)) {
      left.splice(left.indexOf(tls), 1);
      left.unshift(tls);
    }
  }
  kept?.wire.close();
  for (const { code, message } of misses) session.fault(code, message);
  return undefined;
}

function isUsable(connection: Connection | undefined): connection is Connection {
  const stream = connection?.wire.stream;
  return stream !== undefined && stream.writable && !stream.readableEnded;
}

const noConnection: Miss = { isMiss: true };

/** A step without an answer. Silence alone is not a fault, and leaves the connection usable. */
function missOf(connection: Connection, { ending }: Answer): Miss {
  const { error } = connection.wire;
  const code = error && 'code' in error ? String(error.code) : 'PROBE_FAILED';
  return {
    isMiss: true,
    fault: error && { code, message: `the connection broke: ${error.message}` },
    connection: ending === 'timeout' ? connection : undefined,
  };
}

/** Waits for the server to speak first. */
function greetingStep(route: Route): Step {
  const { session } = route;
  return async (connection) => {
    const answer = await session.answer(connection.wire, session.limits.greetingMs);
    if (answer.bytes.length === 0) return missOf(connection, answer);
    return identify(route, connection, { answer });
  };
}

function payloadStep(route: Route, payload: ProbePayload): Step {
  return async (connection) => {
    const answer = await exchange(route.session, connection, payload);
    if (answer.bytes.length > 0) return identify(route, connection, { answer, payload });
    // A connection on which a payload stayed unanswered cannot be used for another one.
    connection.wire.close();
    return { ...missOf(connection, answer), connection: undefined };
  };
}

function exchange(
  session: PortSession,
  { wire }: Connection,
  { payload }: ProbePayload,
): Promise<Answer> {
  const { hostname, addr } = session.target;
  wire.send(payload(hostname ?? addr));
  return session.answer(wire);
}

/** Names the service behind an answer; sends its own payload where the version is missing. */
async function identify(
  route: Route,
  { wire, tls }: Connection,
  { answer, payload }: { readonly answer: Answer; readonly payload?: ProbePayload },
): Promise<StepResult | Miss> {
  const { session } = route;
  if (isTlsAlert(answer.bytes)) {
    wire.close();
    return { isMiss: true, wantsTls: true };
  }
  if (!tls && beginsAsHttp2(answer.bytes)) {
    wire.close();
    return requestHttp2(route);
  }
  const bytes = await finishTelnet(session, wire, answer.bytes);
  wire.close();
  const answers = [{ bytes, t: Date.now() }];
  let service = recognize('banner', answerText(bytes));
  const own = service && service.version === undefined ? payloadOf(service.name) : undefined;
  if (own && own !== payload && !session.isOver) {
    const again = await askVersion(route, own);
    if (again) {
      answers.push({ bytes: again.bytes, t: Date.now() });
      service = again.service;
    }
  }
  return { service, asked: payload?.name, answers, tls: tls && { tls, t: Date.now() } };
}

async function askVersion(
  { session, dial }: Route,
  payload: ProbePayload,
): Promise<{ bytes: Buffer; service: Service } | undefined> {
  const connection = await dial();
  if (!connection) return undefined;
  const { bytes } = await exchange(session, connection, payload);
  connection.wire.close();
  const service = recognize('banner', answerText(bytes));
  return service && { bytes, service };
}

/** A telnet server shows its prompt once its options are refused. */
async function finishTelnet(session: PortSession, wire: Wire, bytes: Buffer): Promise<Buffer> {
  if (!beginsAsTelnet(bytes)) return bytes;
  wire.send(readTelnet(bytes).refusals);
  const { bytes: more } = await session.answer(wire, session.limits.greetingMs);
  return Buffer.concat([bytes, more]);
}

/** The alert that a TLS server sends to a client without TLS. */
function isTlsAlert(bytes: Buffer): boolean {
  return bytes[0] === 21 && bytes[1] === 3 && bytes.length >= 7 && bytes.length < 64;
}

/** Requests a web page; where the answer is something else, identifies that. */
async function requestPage(route: Route, connection: Connection): Promise<StepResult | Miss> {
  const { session, dial } = route;
  const { wire, tls } = connection;
  const scheme = tls ? 'https' : 'http';
  const { response, raw, ending } = await requestHttp1(session, wire, rootUrl(session, scheme));
  if (response) {
    if (!tls && asksForTls(response)) return { isMiss: true, wantsTls: true };
    return visit(session, http1Site(session, dial, { scheme, tls }), response);
  }
  const answer = { bytes: raw, ending };
  if (raw.length === 0) return missOf(connection, answer);
  if (raw.toString('latin1', 0, 5) === 'HTTP/') return unfinishedHttp(session, answer);
  return identify(route, connection, { answer });
}

/** A server that speaks only HTTP/2, as its first frame shows. */
async function requestHttp2({ session, dial }: Route): Promise<StepResult | Miss> {
  const connection = await dial();
  if (!connection) return noConnection;
  return visit(session, await http2Site(session, connection.wire, undefined));
}

async function visit(
  session: PortSession,
  site: Site,
  first?: HttpResponse,
): Promise<StepResult | Miss> {
  return (await probeSite(session, site, first)) ?? { isMiss: true };
}

/** A head that never ended or cannot be read: a web server all the same. */
function unfinishedHttp(session: PortSession, { bytes, ending }: Answer): StepResult {
  const { length } = bytes;
  if (ending === 'timeout' || ending === 'aborted') {
    session.fault('ETIMEDOUT', `the head of the response was not complete after ${length} bytes`);
  } else {
    session.fault('PARSE_HTTP', `the response has no readable head in ${length} bytes`);
  }
  return {
    service: { name: 'http', confidence: 0.7, method: 'http' },
    answers: [{ bytes, t: Date.now() }],
  };
}

/** A web server's error page for a plain request to its HTTPS port. */
function asksForTls(response: HttpResponse): boolean {
  if (response.status !== 400) return false;
  const text = response.body.toString('latin1', 0, 2048);
  return /HTTPS (port|server)|SSL-enabled|requires TLS|plain HTTP request/i.test(text);
}

/** Starts TLS, and probes the service inside it. */
async function probeInTls(route: Route, { wire }: Connection): Promise<StepResult | Miss> {
  const { session } = route;
  const secured = await startTls(session, wire);
  if (!secured.wire) {
    wire.close();
    // Silence, or an answer in another protocol: no TLS, and no fault of this port.
    if (!secured.isTls) return { isMiss: true };
    session.fault(secured.fault.code, secured.fault.message);
    return { asked: 'tls', service: { name: 'tls', confidence: 0.8, method: 'tls' } };
  }
  const tls = { tls: secured.tls, t: Date.now() };
  if (secured.tls.alpn === 'h2') {
    const found = await visit(session, await http2Site(session, secured.wire, secured.tls));
    if (!('isMiss' in found)) return found;
    return { tls, service: { name: 'https', confidence: 0.7, method: 'tls' } };
  }
  const found = await runInsideTls(route, secured);
  if (!found) return { tls, service: { name: 'tls', confidence: 0.8, method: 'tls' } };
  return { tls, ...found, service: found.service && inTls(found.service) };
}

/** A web page names its product, which stays; a protocol is named as inside TLS. */
function inTls(service: Service): Service {
  if (service.method === 'http' && service.name !== 'http') return service;
  return { ...service, name: tlsServiceName(service.name) };
}

function runInsideTls(
  { session, dial }: Route,
  first: Connection,
): Promise<StepResult | undefined> {
  const { port } = session.target;
  const redial: Dial = async () => {
    const plain = await dial();
    const secured = plain && (await startTls(session, plain.wire, ['http/1.1']));
    return secured?.wire ? secured : undefined;
  };
  const route = { session, dial: redial };
  const greeting = greetingTlsPorts.has(port) ? [greetingStep(route)] : [];
  const own = payloadsForPort(port).map((payload) => payloadStep(route, payload));
  const web: Step = (connection) => requestPage(route, connection);
  return runSteps(route, [...greeting, ...own, web], { first });
}
