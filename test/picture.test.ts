import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordCommands } from '../scripts/terminal/recording.ts';
import { finalText, renderTerminal } from '../scripts/terminal/svg.ts';
import { requirement } from './environment.ts';

const picture = readFileSync(join(import.meta.dirname, '../docs/terminal.svg'), 'utf8');
const canRecord = requirement(
  'a terminal with a network of its own',
  spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', 'script --version && ip -V'])
    .status === 0,
  'install util-linux and iproute2, and run where user namespaces are allowed',
);

/** Without what differs between two recordings: dates, durations and the ids of scans. */
function lasting(svg: string): string[] {
  return finalText(svg).map((line) =>
    line
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'DATE')
      .replace(/\b\d+(\.\d+)? m?s\b/, 'TIME')
      .replace(/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}\b/, 'SCAN')
      .trimEnd(),
  );
}

describe('the picture of the README', () => {
  test.runIf(canRecord)(
    'shows what the commands print today; otherwise run "npm run picture"',
    async () => {
      expect(lasting(picture)).toEqual(lasting(renderTerminal(await recordCommands())));
    },
  );

  test('shows a scan, progress included, and how it ended', () => {
    expect(finalText(picture)).toContainEqual(expect.stringMatching(/^ADDRESS .* PORT +STATE/));
    expect(finalText(picture)).toContainEqual(
      expect.stringMatching(/^1 host up of 1, 5 open ports/),
    );
    expect(picture).toMatch(/class="passing".*\d%<.*\d\/s/);
  });

  test('needs nothing from elsewhere', () => {
    expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|@import/);
  });

  test('draws text over text, and erased lines only for their time', () => {
    const output = [
      { atMs: 0, text: '10%\r\u001b[2K' },
      { atMs: 250, text: '50%' },
      { atMs: 500, text: '\r\u001b[2K\u001b[1m<a>\u001b[22m  \u001b[32mb\u001b[39m\r\nxy\rz\r\n' },
    ];
    const svg = renderTerminal([{ command: 'x', output }]);
    expect(finalText(svg)).toEqual(['$ x', '<a>  b', 'zy']);
    expect(svg).toMatch(/class="passing"[^>]*show 250ms [^>]*><tspan[^>]*>50%/);
    expect(svg).toContain('<tspan class="green"');
    expect(() =>
      renderTerminal([{ command: 'x', output: [{ atMs: 0, text: '\u001b[5A' }] }]),
    ).toThrow('ESC [ 5A');
  });
});
