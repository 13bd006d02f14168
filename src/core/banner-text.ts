const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Characters that control a terminal, are invisible, or reorder the surrounding text. */
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\\]/u;

const shortEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
};

/**
 * The text of a banner row: one line, safe to print, from which the bytes can be read back.
 * Printable UTF-8 stays as it is; a backslash, CR, LF and TAB become `\\`, `\r`, `\n`, `\t`; every
 * other control, invisible or unassigned character, and every byte that is not UTF-8, becomes one
 * `\xNN` per byte.
 *
 * @example bannerText(Buffer.from('220 ok\r\n\xff', 'latin1')) // '220 ok\\r\\n\\xff'
 */
export function bannerText(bytes: Uint8Array, maxBytes = 4096): string {
  const end = Math.min(bytes.length, maxBytes);
  let text = '';
  for (let at = 0; at < end;) {
    const first = bytes[at] ?? 0;
    const length = sequenceLength(first);
    const sequence = bytes.subarray(at, Math.min(at + length, end));
    const character = decodeOne(sequence, length);
    text += character ?? hex(first);
    at += character === undefined ? 1 : length;
  }
  return text;
}

function decodeOne(sequence: Uint8Array, length: number): string | undefined {
  if (length === 0 || sequence.length < length) return undefined;
  const character = length === 1 ? String.fromCharCode(sequence[0] ?? 0) : tryDecode(sequence);
  if (character === undefined || !unprintable.test(character)) return character;
  return shortEscapes[character] ?? [...sequence].map(hex).join('');
}

function tryDecode(sequence: Uint8Array): string | undefined {
  try {
    return decoder.decode(sequence);
  } catch {
    return undefined;
  }
}

/** Length of the UTF-8 sequence that begins with this byte; 0 if none does. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
