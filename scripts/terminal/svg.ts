import { columns, type RecordedCommand } from './recording.ts';
import { type Row, type Run, Screen } from './screen.ts';

const fontSize = 14;
/** A character of the fonts below is 0.6 em wide; `textLength` makes it so for any other. */
const cellWidth = fontSize * 0.6;
const lineHeight = 20;
const padding = 20;
const titleBar = 36;

/** How fast commands seem to be typed, and how long a reader gets before the next one. */
const typingMs = 35;
const pauseMs = 1_400;

const colors = {
  light: {
    window: '#ffffff', border: '#d0d7de', text: '#1f2328', dim: '#6e7781', prompt: '#0969da',
    red: '#cf222e', green: '#1a7f37', yellow: '#9a6700', blue: '#0969da', magenta: '#8250df',
    cyan: '#1b7c83',
  },
  dark: {
    window: '#0d1117', border: '#30363d', text: '#e6edf3', dim: '#848d97', prompt: '#58a6ff',
    red: '#ff7b72', green: '#3fb950', yellow: '#d29922', blue: '#58a6ff', magenta: '#bc8cff',
    cyan: '#39c5cf',
  },
}; // prettier-ignore

/**
 * Draws recorded commands as an animated SVG. The picture at rest is the end of the recording, so
 * it is complete where nothing is animated.
 */
export function renderTerminal(commands: readonly RecordedCommand[]): string {
  const texts: string[] = [];
  let line = 0;
  let atMs = 500;
  for (const { command, output } of commands) {
    const typedMs = command.length * typingMs;
    texts.push(prompt(line, atMs), typed(command, { line, atMs, typedMs }));
    atMs += typedMs + 200;
    const screen = new Screen();
    for (const piece of output) screen.write(piece.text, piece.atMs);
    texts.push(...screen.rows().map((row) => outputRow(row, { line: line + 1, atMs })));
    line += screen.height + 2;
    atMs += (output.at(-1)?.atMs ?? 0) + pauseMs;
  }
  return svgDocument(texts, line - 1);
}

/** The text that is visible at the end of the animation, one line per line of the terminal. */
export function finalText(svg: string): readonly string[] {
  const lines: string[] = [];
  for (const [, y = '', spans = ''] of svg.matchAll(
    /<text (?!class="passing).*? y="(\d+)".*?>(.*?)<\/text>/g,
  )) {
    const index = (Number(y) - titleBar - padding) / lineHeight;
    let text = lines[index] ?? '';
    for (const [, x = '', run = ''] of spans.matchAll(
      /<tspan.*? x="([\d.]+)".*?>(.*?)<\/tspan>/g,
    )) {
      text = text.padEnd(Math.round((Number(x) - padding) / cellWidth)) + unescapeXml(run);
    }
    lines[index] = text;
  }
  return Array.from(lines, (text) => text ?? '');
}

function prompt(line: number, atMs: number): string {
  return textElement([{ text: '$', styles: ['prompt'] }], { line, style: hiddenUntil(atMs) });
}

function typed(command: string, at: { line: number; atMs: number; typedMs: number }): string {
  const typing = `type ${at.typedMs}ms steps(${command.length}) ${at.atMs}ms`;
  const style = `animation:hide ${at.atMs}ms,${typing}`;
  return textElement([{ text: command, styles: ['bold'] }], { line: at.line, column: 2, style });
}

function outputRow(
  { line, runs, fromMs, untilMs }: Row,
  start: { line: number; atMs: number },
): string {
  const at = { line: start.line + line, style: hiddenUntil(start.atMs + fromMs) };
  if (untilMs === undefined) return textElement(runs, at);
  const style = `animation:show ${untilMs - fromMs}ms ${start.atMs + fromMs}ms`;
  return textElement(runs, { ...at, style, isPassing: true });
}

function hiddenUntil(atMs: number): string {
  return `animation:hide ${atMs}ms`;
}

interface Place {
  readonly line: number;
  readonly column?: number;
  readonly style: string;
  readonly isPassing?: boolean;
}

function textElement(runs: readonly Run[], { line, column = 0, style, isPassing }: Place): string {
  const y = titleBar + padding + line * lineHeight;
  let at = column;
  const spans = runs.flatMap((run) => {
    const start = at;
    at += run.text.length;
    return words(run, start);
  });
  return `<text class="${isPassing ? 'passing' : 'lasting'}" y="${y}" style="${style}">${spans.join('')}</text>`;
}

/** A run cut at gaps of two blanks and more, each piece placed on its column of the terminal. */
function words({ text: content, styles }: Run, column: number): string[] {
  return [...content.matchAll(/\S+(?: \S+)*/g)].map(({ 0: piece, index }) => {
    const x = (padding + (column + index) * cellWidth).toFixed(1);
    const width = (piece.length * cellWidth).toFixed(1);
    const name = styles.length === 0 ? '' : ` class="${styles.join(' ')}"`;
    return `<tspan${name} x="${x}" textLength="${width}">${escapeXml(piece)}</tspan>`;
  });
}

function svgDocument(texts: readonly string[], lines: number): string {
  const width = Math.ceil(2 * padding + columns * cellWidth);
  const height = titleBar + padding + lines * lineHeight + padding / 2;
  const dots = [0, 1, 2]
    .map((i) => `<circle cx="${padding + 6 + i * 20}" cy="18" r="6"/>`)
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">A terminal: portolan scans localhost, lists certificates, answers SQL, and exports Parquet</title>
<style>
text{font:${fontSize}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.bold{font-weight:600}
.passing{opacity:0}
@keyframes hide{from,to{opacity:0}}
@keyframes show{from,to{opacity:1}}
@keyframes type{from{clip-path:inset(0 100% 0 0)}to{clip-path:inset(0 0 0 0)}}
@media (prefers-reduced-motion:reduce){text{animation:none!important}}
${palette(colors.light)}
@media (prefers-color-scheme:dark){
${palette(colors.dark)}
}
</style>
<rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
<g class="dots">${dots}</g>
${texts.join('\n')}
</svg>
`;
}

function palette({ window, border, text: foreground, ...styles }: Record<string, string>): string {
  const rules = Object.entries(styles).map(([name, color]) => `.${name}{fill:${color}}`);
  return `.window{fill:${window};stroke:${border}} .dots{fill:${border}} text{fill:${foreground}}\n${rules.join(' ')}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeXml(content: string): string {
  return content.replace(/[&<>]/g, (character) => entities[character] ?? character);
}

function unescapeXml(content: string): string {
  return content.replace(
    /&\w+;/g,
    (entity) => Object.keys(entities).find((key) => entities[key] === entity) ?? entity,
  );
}
