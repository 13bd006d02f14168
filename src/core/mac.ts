/**
 * The canonical text of a MAC address (EUI-48): six pairs of lower-case hex digits separated by
 * colons. Reads the usual spellings (`00:1B:44:11:3A:B7`, `00-1b-44-11-3a-b7`, `001b.4411.3ab7`,
 * `1:2:3:4:5:6`); undefined for anything else.
 */
export function canonicalMac(text: string): string | undefined {
  const pairs = text.split(/[:-]/);
  const digits = (pairs.length === 6 ? pairs.map((pair) => pair.padStart(2, '0')) : [text])
    .join('')
    .replaceAll('.', '')
    .toLowerCase();
  return /^[0-9a-f]{12}$/.test(digits) ? digits.replace(/..(?=.)/g, '$&:') : undefined;
}
