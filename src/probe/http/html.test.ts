import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEntities, decodeText, iconLink, tagsOf, titleOf } from './html.ts';

test('a title is one line of decoded text', () => {
  expect(
    titleOf('<TITLE lang="en">\n  Fish &amp; chips &#8211; caf&eacute;\n&#x41;  </TITLE>'),
  ).toBe('Fish & chips – café A');
  expect(titleOf('<title></title>')).toBeUndefined();
  expect(titleOf('no title')).toBeUndefined();
  expect(titleOf('<title>never closed')).toBe('never closed');
});

test('a title holds no controls or invisible characters, and ends somewhere', () => {
  expect(titleOf('<title>a\u001b[31mb\u202ec</title>')).toBe('a [31mb c');
  const long = titleOf(`<title>${'x'.repeat(100_000)}</title>`)!;
  expect(long).toHaveLength(512);
});

test('no text makes the title, the tags or the entities throw', () => {
  const pieces = fc.constantFrom(
    '<title',
    '>',
    '</title>',
    '<meta ',
    '<link rel=icon href=',
    '"',
    "'",
    '&#',
    '&#x',
    'x',
    ';',
    '&amp',
    '\0',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 60 }), (parts) => {
      const html = parts.join('');
      const title = titleOf(html);
      expect(title === undefined || (title.length > 0 && title.length <= 512)).toBe(true);
      expect(tagsOf(html).length).toBeLessThanOrEqual(200);
    }),
  );
});

test('impossible character references become the replacement character, unknown names stay', () => {
  expect(decodeEntities('&#0;&#xd800;&#x110000;')).toBe('\ufffd\ufffd\ufffd');
  expect(decodeEntities('&valueOf; &nosuch; &lt')).toBe('&valueOf; &nosuch; <');
});

test('the charset comes from the header, else from the page, else it is UTF-8', () => {
  const latin = Buffer.from('<title>caf\xe9</title>', 'latin1');
  expect(titleOf(decodeText(latin, 'text/html; charset=ISO-8859-1'))).toBe('café');
  const meta = Buffer.from('<meta charset="windows-1252"><title>caf\xe9</title>', 'latin1');
  expect(titleOf(decodeText(meta, undefined))).toBe('café');
  expect(titleOf(decodeText(latin, 'text/html'))).toBe('caf\ufffd');
  expect(titleOf(decodeText(latin, 'text/html; charset=nonsense'))).toBe('caf\ufffd');
  const shiftJis = Buffer.from('3c7469746c653e93fa967b3c2f7469746c653e', 'hex');
  expect(titleOf(decodeText(shiftJis, 'text/html; charset=Shift_JIS'))).toBe('日本');
});

test('the icon is found in whatever order the attributes stand', () => {
  expect(iconLink(tagsOf(`<link href='/a.png?x=1&amp;y=2' sizes=any REL="shortcut icon">`))).toBe(
    '/a.png?x=1&y=2',
  );
  expect(
    iconLink(tagsOf('<link rel="stylesheet" href="/a.css"><link rel="mask-icon" href="/m">')),
  ).toBeUndefined();
});
