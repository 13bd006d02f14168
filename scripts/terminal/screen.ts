/** Characters in one style. */
export interface Run {
  readonly text: string;
  /** Names of the styles, sorted: `bold`, `dim`, or a color. */
  readonly styles: readonly string[];
}

/** What one row of the screen showed for a time. */
export interface Row {
  readonly line: number;
  readonly runs: readonly Run[];
  readonly fromMs: number;
  /** Undefined if it is still there at the end. */
  readonly untilMs: number | undefined;
}

interface Cell {
  readonly character: string;
  readonly styles: readonly string[];
}

/** SGR codes that set a style. */
const styleOf: Readonly<Record<number, string>> = {
  1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 34: 'blue', 35: 'magenta', 36: 'cyan',
}; // prettier-ignore

/** The styles that an SGR code ends. */
const endedBy: Readonly<Record<number, RegExp>> = {
  0: /./,
  22: /^(bold|dim)$/,
  39: /^(red|green|yellow|blue|magenta|cyan)$/,
};

const escape = '\u001b[';

/** What follows it: parameters, a final letter, and the text behind the sequence. */
const sequence = /^(?<parameters>[\d;?]*)(?<final>[A-Za-z])(?<after>[^]*)$/;

/**
 * A terminal that scrolls without end and knows what Portolan writes: text, colors, carriage
 * return, and erasing the line.
 */
export class Screen {
  readonly #lines: Cell[][] = [[]];
  readonly #shown = new Map<number, { runs: readonly Run[]; fromMs: number }>();
  readonly #gone: Row[] = [];
  #column = 0;
  #styles: readonly string[] = [];

  /** Takes what a program wrote at a time. Throws on an escape sequence that it does not know. */
  write(text: string, atMs: number): void {
    const [plain = '', ...rest] = text.split(escape);
    this.#type(plain);
    for (const piece of rest) {
      const { parameters = '', final = '', after = '' } = sequence.exec(piece)?.groups ?? {};
      this.#obey(parameters, final);
      this.#type(after);
    }
    this.#lines.forEach((cells, line) => this.#show(line, cells, atMs));
  }

  /** Every row with when it appeared, in that order. */
  rows(): readonly Row[] {
    const rest = [...this.#shown].map(([line, row]) => ({ line, ...row, untilMs: undefined }));
    return [...this.#gone, ...rest].filter(({ runs }) => runs.length > 0);
  }

  /** The number of lines written to, an empty last one not counted. */
  get height(): number {
    return this.#lines.length - (this.#lines.at(-1)?.length === 0 ? 1 : 0);
  }

  #type(text: string): void {
    for (const character of text) {
      if (character === '\r') this.#column = 0;
      else if (character === '\n') this.#lines.push([]);
      else this.#lines.at(-1)?.splice(this.#column++, 1, { character, styles: this.#styles });
    }
  }

  #obey(parameters: string, final: string): void {
    if (final === 'K' && parameters === '2') this.#lines.at(-1)?.splice(0);
    else if (final === 'm') for (const code of parameters.split(';')) this.#setStyle(Number(code));
    else throw new Error(`the picture cannot show the escape sequence ESC [ ${parameters}${final}`);
  }

  #setStyle(code: number): void {
    const ended = endedBy[code];
    const style = styleOf[code];
    if (ended) this.#styles = this.#styles.filter((name) => !ended.test(name));
    else if (style !== undefined) this.#styles = [...this.#styles, style].sort();
    else throw new Error(`the picture has no style for the code ${code}`);
  }

  #show(line: number, cells: readonly Cell[], atMs: number): void {
    const runs = runsOf(cells);
    const before = this.#shown.get(line);
    if (before && JSON.stringify(before.runs) === JSON.stringify(runs)) return;
    if (before) this.#gone.push({ line, ...before, untilMs: atMs });
    this.#shown.set(line, { runs, fromMs: atMs });
  }
}

function runsOf(cells: readonly Cell[]): readonly Run[] {
  const runs: { text: string; styles: readonly string[] }[] = [];
  for (const { character, styles } of cells) {
    const last = runs.at(-1);
    if (last && last.styles.join() === styles.join()) last.text += character;
    else runs.push({ text: character, styles });
  }
  return runs;
}
