import { mysqlText } from './mysql.ts';
import { beginsAsTelnet, readTelnet } from './telnet.ts';

/** How much of an answer is matched: a hostile one must not slow rules down. */
const maxMatched = 8192;

/**
 * The text that fingerprint rules match for an answer: the bytes as Latin-1, or a description in words
 * for binary protocols whose versions are not text.
 */
export function answerText(bytes: Buffer): string {
  const described = mysqlText(bytes) ?? mssqlText(bytes) ?? telnetText(bytes);
  return described ?? bytes.toString('latin1', 0, maxMatched);
}

function telnetText(bytes: Buffer): string | undefined {
  if (!beginsAsTelnet(bytes)) return undefined;
  return `telnet ${readTelnet(bytes).text.toString('latin1', 0, maxMatched).trimStart()}`;
}

/** The version of a PRELOGIN response (MS-TDS 2.2.6.5), as `mssql 15.0.2000`. */
function mssqlText(bytes: Buffer): string | undefined {
  if (bytes.length < 20 || bytes[0] !== 4 || bytes[1] !== 1) return undefined;
  const isVersionFirst = bytes[8] === 0 && bytes.readUInt16BE(11) === 6;
  const at = 8 + bytes.readUInt16BE(9);
  if (!isVersionFirst || at + 4 > bytes.length) return undefined;
  return `mssql ${bytes[at]}.${bytes[at + 1]}.${bytes.readUInt16BE(at + 2)}`;
}
