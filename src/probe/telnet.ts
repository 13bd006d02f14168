const iac = 255;
const will = 251;
const subnegotiation = 250;
const endOfSubnegotiation = 240;

/** Text and replies of a telnet server's opening bytes (RFC 854). */
export interface TelnetOpening {
  /** What it shows, negotiation taken out. */
  readonly text: Buffer;
  /** Refusals of every option it proposed, after which most servers show their prompt. */
  readonly refusals: Buffer;
}

/** Whether bytes begin with a telnet command. */
export function beginsAsTelnet(bytes: Uint8Array): boolean {
  return bytes[0] === iac && bytes[1] !== undefined && bytes[1] >= subnegotiation && bytes[1] < iac;
}

/** Splits a telnet stream into text and commands; a cut command at the end is dropped. */
export function readTelnet(bytes: Uint8Array): TelnetOpening {
  const text: number[] = [];
  const refusals: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? iac;
    const command = bytes[at + 1];
    if (byte !== iac) {
      text.push(byte);
    } else if (command === iac) {
      text.push(iac);
      at++;
    } else if (command === subnegotiation) {
      while (at < bytes.length && !(bytes[at] === iac && bytes[at + 1] === endOfSubnegotiation))
        at++;
      at++;
    } else if (command !== undefined && command >= will) {
      const option = bytes[at + 2];
      // WILL and WONT are answered by DONT, DO and DONT by WONT.
      if (option !== undefined) refusals.push(iac, command <= will + 1 ? 254 : 252, option);
      at += 2;
    } else at++;
  }
  return { text: Buffer.from(text), refusals: Buffer.from(refusals) };
}
