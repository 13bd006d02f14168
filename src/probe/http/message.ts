export interface HttpHead {
  readonly status: number;
  /** Names in lower case, in wire order, values trimmed; bytes read as Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Status line and headers as text, for fingerprints. */
  readonly head: string;
}

/** A response, of HTTP/1 or HTTP/2. */
export interface HttpResponse extends HttpHead {
  readonly isHttp2: boolean;
  /** As much of the body as was read, still in its content encoding. */
  readonly body: Buffer;
  /** Why the body is not all there. */
  readonly problem?: BodyProblem | undefined;
}

export type BodyProblem = 'BODY_TOO_LARGE' | 'BODY_INCOMPLETE' | 'PARSE_CHUNK';

/** The first value of a header, by its name in lower case. */
export function headerOf(head: HttpHead, name: string): string | undefined {
  return head.headers.find(([one]) => one === name)?.[1];
}
