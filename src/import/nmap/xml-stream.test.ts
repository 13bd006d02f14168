import fc from 'fast-check';
import { expect, test } from 'vitest';
import { XmlStream } from './xml-stream.ts';
import type { XmlElement } from './xml-tree.ts';

/** What a document comes to, read in pieces of some length. */
function read(text: string, size: number): { elements: XmlElement[]; faults: string[] } {
  const elements: XmlElement[] = [];
  const faults: string[] = [];
  const stream = new XmlStream(new Set(['host']), {
    open: () => {},
    element: (element) => void elements.push(element),
    fault: (message) => void faults.push(message),
  });
  for (let at = 0; at < text.length; at += size) stream.write(text.slice(at, at + size));
  if (stream.unfinished) elements.push(stream.unfinished);
  return { elements, faults };
}

const ports = [
  '<port protocol="tcp" portid="80"><state state="open"/><cpe>a &lt; b</cpe></port>',
  '<port protocol="tcp" portid="80"><state state="open"/></port>',
  '<port protocol="udp" portid="53"><script id="x" output="&#10;>"><elem>y</elem></script></port>',
  '<extraports state="closed" count="9"><extrareasons reason="reset" count="9"/></extraports>',
];

test('an element that comes again is the same as the first time', () => {
  const hosts = ports.map((port) => `<host><ports>${port}${ports.join('\n')}</ports></host>`);
  const text = `<nmaprun>${hosts.join('')}</nmaprun>`;
  const { elements, faults } = read(text, text.length);
  expect(faults).toEqual([]);
  for (const [i, { children }] of elements.entries()) {
    const found = children[0]!.children;
    expect(found[0]).toBe(found[i + 1]);
    expect(found.slice(1)).toEqual(elements[0]!.children[0]!.children.slice(1));
  }
});

test('whatever is damaged, repeated elements read the same as in pieces too small to tell them', () => {
  const pieces = [
    ...ports,
    ...ports.map((port) => port.slice(0, port.length / 2)),
    '<host>',
    '</host>',
    '<ports>',
    '</ports>',
    '<port ',
    '<port a="</port>',
    '</port>',
    '"',
    '>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    'text',
  ];
  const document = fc
    .array(fc.constantFrom(...pieces), { maxLength: 40 })
    .map((some) => `<host>${some.join('')}${some.join('')}</host>`);
  fc.assert(
    fc.property(document, (text) => {
      expect(read(text, text.length)).toEqual(read(text, 1));
    }),
    { numRuns: 1000 },
  );
});
