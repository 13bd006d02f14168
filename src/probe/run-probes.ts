import type { Service } from '../core/events.ts';
import { answerText } from './answer-text.ts';
import type { Dial, StepResult, Line, Miss } from './step-result.ts';
import { nameInTls } from './port-service.ts';
import { askHttp1, http1Site, rootUrl, type Site } from './http/http-client.ts';
import type { HttpResponse } from './http/http-message.ts';
import { beginsAsHttp2, http2Site } from './http/http2-client.ts';
import {
  generalNudges,
  greetingTlsPorts,
  httpPorts,
  type ProbePayload,
  probePayloads,
  ownNudges,
  tlsPorts,
} from './probe-payloads.ts';
import type { ProbeFault } from './probe.ts';
import { recognise } from './recognise.ts';
import type { Answer, PortSession } from './session.ts';
import { beginsAsTelnet, readTelnet } from './telnet.ts';
import { secure } from './tls/tls.ts';
import { lookAtSite } from './http/web.ts';
import type { Wire } from './wire.ts';

type Step = (line: Line | undefined) => Promise<StepResult | Miss>;

/**
 * Speaks with a port until something is found. A connection on which the server stayed silent is
 * used for the next question, so that most ports cost one or two.
 */
export async function runProbes(session: PortSession): Promise<StepResult | undefined> {
  const { port } = session.target;
  const dial: Dial = async () => {
    const wire = await session.open();
    return wire && { wire };
  };
  const own = ownNudges(port).map((nudge) => nudgeStep(session, dial, nudge));
  const http: Step = (line) => askWeb(session, dial, line);
  const tls: Step = (line) => askTls(session, dial, line);
  const general = generalNudges(port).map((nudge) => nudgeStep(session, dial, nudge));
  const asksAtOnce = own.length > 0 || httpPorts.has(port) || tlsPorts.has(port);
  const likely = tlsPorts.has(port) ? [tls, ...own, http] : [...own, http, tls];
  const steps = [...(asksAtOnce ? [] : [greetingStep(session, dial)]), ...likely, ...general];
  return runSteps(session, steps, tls);
}

async function runSteps(
  session: PortSession,
  steps: readonly Step[],
  tls: Step | undefined,
): Promise<StepResult | undefined> {
  const misses: ProbeFault[] = [];
  const left = [...steps];
  let line: Line | undefined;
  for (let step = left.shift(); step; step = left.shift()) {
    if (session.isOver && !isUsable(line)) break;
    const result = await step(isUsable(line) ? line : undefined);
    if (!('isMiss' in result)) return result;
    if (result.fault) misses.push(result.fault);
    line = result.line;
    if (result.wantsTls && tls && left.includes(tls)) {
      left.splice(left.indexOf(tls), 1);
      left.unshift(tls);
    }
  }
  line?.wire.close();
  for (const { code, message } of misses) session.fault(code, message);
  return undefined;
}

function isUsable(line: Line | undefined): line is Line {
  return line !== undefined && line.wire.stream.writable && !line.wire.stream.readableEnded;
}

/** What went wrong on a connection, if that is worth a word: silence alone is not. */
function missOf(line: Line, answer: Answer | undefined): Miss {
  const { error } = line.wire;
  const code = error && 'code' in error ? String(error.code) : 'PROBE_FAILED';
  return {
    isMiss: true,
    fault: error && { code, message: `the connection broke: ${error.message}` },
    line: answer?.ending === 'timeout' ? line : undefined,
  };
}

const noLine: Miss = { isMiss: true };

/** Waits for the server to speak first. */
function greetingStep(session: PortSession, dial: Dial): Step {
  return async (given) => {
    const line = given ?? (await dial());
    if (!line) return noLine;
    const answer = await session.answer(line.wire, session.limits.greetingMs);
    if (answer.bytes.length === 0) return missOf(line, answer);
    return heard(session, dial, { line, answer });
  };
}

function nudgeStep(session: PortSession, dial: Dial, nudge: ProbePayload): Step {
  return async (given) => {
    const line = given ?? (await dial());
    if (!line) return noLine;
    line.wire.send(nudge.payload(session.target.hostname ?? session.target.addr));
    const answer = await session.answer(line.wire);
    // A connection on which a question stayed unanswered is spoilt for another one.
    if (answer.bytes.length === 0) {
      line.wire.close();
      return { ...missOf(line, answer), line: undefined };
    }
    return heard(session, dial, { line, answer, nudge });
  };
}

interface Heard {
  readonly line: Line;
  readonly answer: Answer;
  readonly nudge?: ProbePayload;
}

/** A server that speaks HTTP/2 alone, and shows it by its first frame. */
async function askHttp2(session: PortSession, dial: Dial): Promise<StepResult | Miss> {
  const line = await dial();
  return line ? web(session, await http2Site(session, line.wire, undefined)) : noLine;
}

/** Names the service behind an answer; asks its own question where the version is missing. */
async function heard(
  session: PortSession,
  dial: Dial,
  { line, answer, nudge }: Heard,
): Promise<StepResult | Miss> {
  if (speaksTls(answer.bytes)) {
    line.wire.close();
    return { isMiss: true, wantsTls: true };
  }
  if (!line.tls && beginsAsHttp2(answer.bytes)) {
    line.wire.close();
    return askHttp2(session, dial);
  }
  const bytes = await finishTelnet(session, line.wire, answer.bytes);
  line.wire.close();
  const answers = [{ bytes, t: Date.now() }];
  let service = recognise('banner', answerText(bytes));
  const follow = probePayloads.find(({ name }) => name === service?.name);
  if (service && service.version === undefined && follow && follow !== nudge && !session.isOver) {
    const again = await followUp(session, dial, follow);
    if (again) {
      answers.push({ bytes: again.bytes, t: Date.now() });
      service = again.service;
    }
  }
  return { service, asked: nudge?.name, answers, ...secured(line) };
}

async function followUp(
  session: PortSession,
  dial: Dial,
  nudge: ProbePayload,
): Promise<{ bytes: Buffer; service: Service } | undefined> {
  const line = await dial();
  if (!line) return undefined;
  line.wire.send(nudge.payload(session.target.hostname ?? session.target.addr));
  const { bytes } = await session.answer(line.wire);
  line.wire.close();
  const service = recognise('banner', answerText(bytes));
  return service && { bytes, service };
}

/** A telnet server shows its prompt once its options are refused. */
async function finishTelnet(session: PortSession, wire: Wire, bytes: Buffer): Promise<Buffer> {
  if (!beginsAsTelnet(bytes)) return bytes;
  wire.send(readTelnet(bytes).refusals);
  const { bytes: more } = await session.answer(wire, session.limits.greetingMs);
  return Buffer.concat([bytes, more]);
}

function secured(line: Line): Pick<StepResult, 'tls'> {
  return line.tls ? { tls: { tls: line.tls, t: Date.now() } } : {};
}

/** An alert, which a TLS server sends to who speaks no TLS. */
function speaksTls(bytes: Buffer): boolean {
  return bytes[0] === 21 && bytes[1] === 3 && bytes.length >= 7 && bytes.length < 64;
}

/** Asks for a web page; where the answer is something else, that is what was found. */
async function askWeb(
  session: PortSession,
  dial: Dial,
  given: Line | undefined,
): Promise<StepResult | Miss> {
  const line = given ?? (await dial());
  if (!line) return noLine;
  const scheme = line.tls ? 'https' : 'http';
  const { response, raw, ending } = await askHttp1(session, line.wire, rootUrl(session, scheme));
  if (response) {
    if (!line.tls && asksForTls(response)) return { isMiss: true, wantsTls: true };
    const site = http1Site(session, dial, { scheme, tls: line.tls });
    return web(session, site, response);
  }
  if (raw.length === 0) return missOf(line, { bytes: raw, ending });
  if (raw.toString('latin1', 0, 5) === 'HTTP/') return unfinishedHttp(session, raw, ending);
  return heard(session, dial, { line, answer: { bytes: raw, ending } });
}

/** A head that never ended or cannot be read: a web server all the same. */
function unfinishedHttp(session: PortSession, bytes: Buffer, ending: Answer['ending']): StepResult {
  if (ending === 'timeout' || ending === 'aborted') {
    session.fault(
      'ETIMEDOUT',
      `the head of the response was not complete after ${bytes.length} bytes`,
    );
  } else session.fault('PARSE_HTTP', `the response has no readable head in ${bytes.length} bytes`);
  return {
    service: { name: 'http', confidence: 0.7, method: 'http' },
    answers: [{ bytes, t: Date.now() }],
  };
}

async function web(
  session: PortSession,
  site: Site,
  first?: HttpResponse,
): Promise<StepResult | Miss> {
  const found = await lookAtSite(session, site, first);
  return found ?? { isMiss: true };
}

/** A web server's complaint that it was not spoken to in TLS. */
function asksForTls(response: HttpResponse): boolean {
  if (response.status !== 400) return false;
  const text = response.body.toString('latin1', 0, 2048);
  return /HTTPS (port|server)|SSL-enabled|requires TLS|plain HTTP request/i.test(text);
}

async function askTls(
  session: PortSession,
  dial: Dial,
  given: Line | undefined,
): Promise<StepResult | Miss> {
  const plain = given ?? (await dial());
  if (!plain) return noLine;
  const first = await secure(session, plain.wire);
  if (!first.wire) {
    plain.wire.close();
    // Silence, or an answer in another protocol: no TLS, and no fault of this port.
    if (!first.isTls) return { isMiss: true };
    session.fault(first.fault.code, first.fault.message);
    return { asked: 'tls', service: { name: 'tls', confidence: 0.8, method: 'tls' } };
  }
  return insideTls(session, dial, first);
}

async function insideTls(session: PortSession, dial: Dial, first: Line): Promise<StepResult> {
  const { port } = session.target;
  const tls = first.tls && { tls: first.tls, t: Date.now() };
  if (first.tls?.alpn === 'h2') {
    const found = await web(session, await http2Site(session, first.wire, first.tls));
    if (!('isMiss' in found)) return found;
    return { tls, service: { name: 'https', confidence: 0.7, method: 'tls' } };
  }
  const redial: Dial = async () => {
    const line = await dial();
    if (!line) return undefined;
    const again = await secure(session, line.wire, ['http/1.1']);
    return again.wire ? again : undefined;
  };
  const http: Step = (line) => askWeb(session, redial, line);
  const greeting = greetingTlsPorts.has(port) ? [greetingStep(session, redial)] : [];
  const own = ownNudges(port).map((nudge) => nudgeStep(session, redial, nudge));
  const steps = [...greeting, ...own, http];
  const found = await runSteps(
    session,
    [(line) => steps[0]!(line ?? first), ...steps.slice(1)],
    undefined,
  );
  if (!found) return { tls, service: { name: 'tls', confidence: 0.8, method: 'tls' } };
  return { tls, ...found, service: found.service && inTls(found.service) };
}

function inTls(service: Service): Service {
  return { ...service, name: nameInTls(service.name) };
}
