/** Bounds of the probe of one port. Times in ms, sizes in bytes. */
export interface ProbeLimits {
  /** How long a server may take to speak first: slow resolvers delay SMTP and FTP greetings. */
  readonly greetingMs: number;
  /** How long one step may take, connecting included. */
  readonly stepMs: number;
  /** How long the whole port may take. */
  readonly totalMs: number;
  /** Silence after which an answer of unknown length counts as complete. */
  readonly quietMs: number;
  /** Connections to one port, redirects and favicon included. */
  readonly maxConnections: number;
  /** What is kept of an answer other than HTTP. */
  readonly maxAnswerBytes: number;
  /** Status line and headers of one response. */
  readonly maxHeadBytes: number;
  /** What is read of one response's body. */
  readonly maxBodyBytes: number;
  /** What a banner row holds, in bytes of the answer before escaping. */
  readonly maxBannerBytes: number;
  readonly maxRedirects: number;
  readonly maxCertificates: number;
}

export const defaultProbeLimits: ProbeLimits = {
  greetingMs: 1800,
  stepMs: 4000,
  totalMs: 18_000,
  quietMs: 200,
  maxConnections: 12,
  maxAnswerBytes: 65_536,
  maxHeadBytes: 65_536,
  maxBodyBytes: 524_288,
  maxBannerBytes: 4096,
  maxRedirects: 5,
  maxCertificates: 10,
};
