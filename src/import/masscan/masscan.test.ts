import { describe, expect, test } from 'vitest';
import { ofType, read, seconds } from '../../../test/import/read-text.ts';

describe('masscan', () => {
  const json = [
    '[',
    '{   "ip": "192.0.2.10",   "timestamp": "1700000000", "ports": [ {"port": 443, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 57} ] }',
    ',',
    '{   "ip": "2001:db8::1",   "timestamp": "1700000001", "ports": [ {"port": 53, "proto": "udp", "status": "open", "reason": "none", "ttl": 0} ] }',
    ',',
    '{   "ip": "192.0.2.10",   "timestamp": "1700000002", "ports": [ {"port": 443, "proto": "tcp", "service": {"name": "ssl", "banner": "TLS/1.2 \\u0041"} } ] }',
    ']',
  ].join('\n');

  test('-oJ gives ports and banners', async () => {
    const found = await read(json);
    expect(found.format).toBe('masscan-json');
    expect(found.ports).toEqual([
      `192.0.2.10 tcp 443 open syn-ack - ${seconds * 1000}`,
      `2001:db8::1 udp 53 open udp-response - ${(seconds + 1) * 1000}`,
    ]);
    expect(ofType(found, 'scan.banner')).toMatchObject([
      { addr: '192.0.2.10', port: 443, protocol: 'ssl', banner: 'TLS/1.2 A' },
    ]);
    expect(ofType(found, 'run.finish')).toHaveLength(1);
    expect(found.last).toMatchObject({ badLines: 0, isTruncated: false });
  });

  test('old forms of -oJ are read: bare names, commas too many, {finished: 1}, no bracket', async () => {
    const old = [
      '[',
      '{ ip: "192.0.2.10", timestamp: "1700000000", ports: [ {port: 80, proto: "tcp", status: "open", reason: "syn-ack", ttl: 5,} ] },',
      '{ "ip": "192.0.2.11",   "timestamp": "1700000000", "ports": [ {"port": 81, "proto": "tcp", "status": "open", "reason": "syn-ack, ttl: 5", "ttl": 57} ] },',
      '{finished: 1}',
      ']',
    ];
    const found = await read(old.join('\n'));
    expect(found.ports.map((port) => port.split(' ').slice(0, 3))).toEqual([
      ['192.0.2.10', 'tcp', '80'],
      ['192.0.2.11', 'tcp', '81'],
    ]);
    expect(found.last.badLines).toBe(0);
    const open = await read(old.slice(0, 3).join('\n'));
    expect(open.ports).toEqual(found.ports);
    expect(ofType(open, 'run.finish')).toEqual([]);
  });

  test('-oD and -oL tell the same', async () => {
    const ndjson = await read(
      [
        '{"ip":"192.0.2.10","timestamp":"1700000000","port":443,"proto":"tcp","rec_type":"status","data":{"status":"open","reason":"syn-ack","ttl":57}}',
        '{"ip":"192.0.2.10","timestamp":"1700000001","port":443,"proto":"tcp","rec_type":"banner","data":{"service_name":"http","banner":"Server: nginx"}}',
      ].join('\n'),
    );
    const list = await read(
      [
        '#masscan',
        'open tcp 443 192.0.2.10 1700000000',
        'banner tcp 443 192.0.2.10 1700000001 http Server: nginx',
        '# end',
      ].join('\n'),
    );
    expect(ndjson.format).toBe('masscan-ndjson');
    expect(list.format).toBe('masscan-list');
    expect(list.ports).toEqual(ndjson.ports);
    const banners = [ndjson, list].map((found) => ofType(found, 'scan.banner')[0]?.banner);
    expect(banners).toEqual(['Server: nginx', 'Server: nginx']);
  });

  test('a banner is the same text in every format', async () => {
    const said = 'a\\r\\n\\xff\\\\x';
    const json = await read(
      '[\n{"ip":"192.0.2.10","timestamp":"1700000000","ports":[{"port":80,"proto":"tcp","service":{"name":"http","banner":"a\\u000d\\u000a\\u00ff\\\\x"}}]}\n]',
    );
    const list = await read(
      'banner tcp 80 192.0.2.10 1700000001 http a\\x0d\\x0a\\xff\\x5cx\n# end',
    );
    const xml = await read(
      '<nmaprun scanner="masscan" start="1700000000"><host endtime="1700000001">' +
        '<address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="80">' +
        '<state state="open" reason="response"/>' +
        '<service name="http" banner="a\\x0d\\x0a\\xff\\x5cx"/></port></ports></host></nmaprun>',
    );
    for (const found of [json, list, xml]) {
      expect(ofType(found, 'scan.banner').map(({ banner }) => banner)).toEqual([said]);
    }
  });

  test('-oX has a host element a port, and no state of hosts', async () => {
    const found = await read(
      `<?xml version="1.0"?>
<!-- masscan v1.0 scan -->
<nmaprun scanner="masscan" start="1700000000" version="1.0-BETA"  xmloutputversion="1.03">
<scaninfo type="syn" protocol="tcp" />
<host endtime="1700000003"><address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1700000003"><address addr="2001:db8::1" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1700000004"><address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="response" reason_ttl="64" /><service name="ssh" banner="SSH-2.0-x &amp; y"></service></port></ports></host>
<runstats>
<finished time="1700000004" timestr="x" elapsed="4" />
<hosts up="2" down="0" total="2" />
</runstats>
</nmaprun>`,
    );
    expect(found.ports).toEqual([
      '192.0.2.10 tcp 22 open syn-ack - 1700000003000',
      '2001:db8::1 tcp 22 open syn-ack - 1700000003000',
    ]);
    expect(ofType(found, 'scan.banner')).toMatchObject([
      { protocol: 'ssh', banner: 'SSH-2.0-x & y' },
    ]);
    expect(ofType(found, 'scan.host')).toEqual([]);
    // It does not say which ports it looked at: nothing may be concluded.
    expect(ofType(found, 'run.unit')).toEqual([]);
  });
});
