import { describe, expect, test } from 'vitest';
import { ofType, read } from '../../../test/import/read-text.ts';

test('CSV: columns by their names, whatever their order', async () => {
  const found = await read(
    [
      'IP Address;State;Port;Proto;Service;Product;Timestamp;Comment',
      '192.0.2.10;open;443/tcp;;https;"nginx; ""x""";2026-01-01T00:00:00Z;a',
      '192.0.2.10;open|filtered;53;udp;;;2026-01-01 00:00:01Z;',
      '192.0.2.10;odd;54;udp;;;;',
      'nowhere;open;1;;;;;',
    ].join('\n'),
  );
  const t = Date.UTC(2026, 0, 1);
  expect(found.format).toBe('csv');
  expect(found.ports).toEqual([
    `192.0.2.10 tcp 443 open - https ${t}`,
    `192.0.2.10 udp 53 open|filtered - - ${t + 1000}`,
  ]);
  expect(found.last.batch.ports.services[0]?.product).toBe('nginx; "x"');
  expect(ofType(found, 'run.error')).toMatchObject([
    { scope: 'line:4', message: '"odd" is not a state of a port' },
    { scope: 'line:5', message: '"nowhere" is not an address' },
  ]);
});

test('CSV: a time in any zone, UTC by default; an invalid time costs its row', async () => {
  const times = [
    '2026-03-05T10:00:00+02:00',
    '2026-03-05 10:00:00',
    '20260305T100000Z',
    '2026-03-05',
    '20260305',
    '"2026-03-05T10:00:00,5Z"',
    '1772704800',
    '1772704800123',
    '13/03/2026 10:00',
    '05/03/2026',
    '2026',
    '2026-13-05T10:00:00',
    '2026-02-30T10:00:00Z',
    '2026-02-30',
  ];
  const rows = times.map((time, i) => `192.0.2.${i},80,${time}`);
  const found = await read(['ip,port,time', ...rows].join('\n'));
  expect(found.ports.map((port) => new Date(Number(port.split(' ').at(-1))).toISOString())).toEqual(
    [
      '2026-03-05T08:00:00.000Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T00:00:00.000Z',
      '2026-03-05T00:00:00.000Z',
      '2026-03-05T10:00:00.500Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T10:00:00.123Z',
    ],
  );
  expect(ofType(found, 'run.error').map(({ message }) => message)).toEqual(
    times.slice(8).map((time) => expect.stringContaining(`"${time}" is not a time`)),
  );
});

test('CSV: a truncated row, or one with another number of fields, is an error', async () => {
  const found = await read(
    'ip,port,product\n192.0.2.1,80,nginx\n192.0.2.2,81\n192.0.2.3,8,a,b\n192.0.2.4,8',
  );
  expect(found.ports).toHaveLength(1);
  expect(ofType(found, 'run.error').map(({ code, message }) => `${code} ${message}`)).toEqual([
    'INVALID_LINE it has 2 fields, but the header has 3',
    'INVALID_LINE it has 4 fields, but the header has 3',
    'TRUNCATED it has 2 fields, but the header has 3',
  ]);
});

test('CSV: software without the name of its service is kept', async () => {
  const found = await read(
    'ip,port,product,version,cpe\n192.0.2.1,443,nginx,1.2,cpe:/a:f5:nginx\n',
  );
  expect(found.last.batch.ports.services).toEqual([
    { name: 'unknown', product: 'nginx', version: '1.2', cpe: 'cpe:/a:f5:nginx' },
  ]);
});

describe('CSV: a quoted field', () => {
  const header = 'address,port,product,service';
  const rowsOf = async (...lines: string[]) => {
    const found = await read([header, ...lines, ''].join('\n'));
    const { services, service } = found.last.batch.ports;
    return {
      ports: found.ports.map((port) => port.split(' ').slice(0, 3).join(' ')),
      products: Array.from(found.ports, (_, i) => services[service[i]!]?.product),
      errors: ofType(found, 'run.error').map(({ scope, message }) => `${scope} ${message}`),
    };
  };

  test('continues on the next lines', async () => {
    expect(
      await rowsOf(
        '192.0.2.1,22,"a\n""b"", c\n\nd",ssh',
        '192.0.2.2,80,e,http',
        'nowhere,80,,',
        '192.0.2.3,81,"f\r\ng",http',
      ),
    ).toEqual({
      ports: ['192.0.2.1 tcp 22', '192.0.2.2 tcp 80', '192.0.2.3 tcp 81'],
      products: ['a\n"b", c\n\nd', 'e', 'f\r\ng'],
      errors: ['line:7 "nowhere" is not an address'],
    });
  });

  test('that nobody closes costs its own line, and no other', async () => {
    expect(
      await rowsOf(
        '192.0.2.1,22,"stray,ssh',
        '192.0.2.2,80,e,http',
        '192.0.2.3,81,"f",http',
        '192.0.2.4,82,"another,http',
        '192.0.2.5,83,"g',
        'h",http',
      ),
    ).toEqual({
      ports: ['192.0.2.2 tcp 80', '192.0.2.3 tcp 81', '192.0.2.5 tcp 83'],
      products: ['e', 'f', 'g\nh'],
      errors: [2, 5].map(
        (line) => `line:${line} a quote is not closed, or a closing quote is followed by text`,
      ),
    });
  });

  test('of more than a row can have is no field', async () => {
    const others = Array.from({ length: 3_000 }, (_, i) => `192.0.2.${i % 250},${i + 1},,http`);
    const { ports, errors } = await rowsOf('192.0.2.1,22,"stray,ssh', ...others);
    expect(ports).toHaveLength(3_000);
    expect(errors).toHaveLength(1);
  });
});

test('CSV without ports lists hosts', async () => {
  const found = await read('address,hostname,mac\n192.0.2.1,a.example,AA:BB\n192.0.2.2,,\n');
  expect(ofType(found, 'scan.host')).toMatchObject([
    { addr: '192.0.2.1', hostname: 'a.example', mac: 'aa:bb', state: 'up' },
    { addr: '192.0.2.2', state: 'up' },
  ]);
});
