import { expect, test } from 'vitest';
import { ofType, read } from '../../test/import/read-text.ts';

test('older aggregate lines are ports and pages, alone and between events', async () => {
  const lines = [
    '{"host":"a.example","ip":"192.0.2.10","ts":1725900000,"open":[22,"443/tcp",{"port":53,"transport":"udp","service":"domain"}]}',
    '{"ip":"192.0.2.10","ts":1725900001,"final_url":"https://a.example/home","status":200,"title":"Home"}',
  ];
  const found = await read(lines.join('\n'));
  expect(found.format).toBe('aggregate');
  expect(found.ports).toEqual([
    '192.0.2.10 tcp 22 open - - 1725900000000',
    '192.0.2.10 tcp 443 open - - 1725900000000',
    '192.0.2.10 udp 53 open - domain 1725900000000',
  ]);
  const page = { scheme: 'https', port: 443, authority: 'a.example', path: '/home', status: 200 };
  expect(ofType(found, 'web.endpoint')).toMatchObject([page]);
  const event =
    '{"type":"scan.port","run_id":"r","addr":"192.0.2.1","transport":"tcp","port":1,"state":"open","t_first":1,"t_last":2}';
  const mixed = await read([event, ...lines].join('\n'));
  expect(mixed.format).toBe('jsonl');
  expect(mixed.ports).toHaveLength(4);
  expect(mixed.last).toMatchObject({ runId: 'r', badLines: 0 });
});
