/** What a rule's pattern is matched against: an answer, the head of an HTTP response, a page. */
export type RuleKind = 'banner' | 'http' | 'page';

export interface FingerprintRule {
  readonly on: RuleKind;
  readonly pattern: RegExp;
  readonly name: string;
  readonly product?: string;
  readonly vendor?: string;
  readonly extra?: string;
  readonly cpe?: string;
  readonly confidence: number;
  readonly examples: readonly {
    readonly text: string;
    readonly version?: string;
    readonly extra?: string;
  }[];
}
export const fingerprintRules: readonly FingerprintRule[] = [
  {
    on: 'banner',
    pattern: /^SSH-[\d.]+-OpenSSH_(?<version>[\w.]+)(?:[ -](?<extra>[^\r\n]+))?/,
    name: 'ssh',
    product: 'OpenSSH',
    vendor: 'OpenBSD',
    cpe: 'a:openbsd:openssh',
    confidence: 0.95,
    examples: [],
  },
];
