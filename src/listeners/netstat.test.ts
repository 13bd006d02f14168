import { expect, test } from 'vitest';
import { parseNetstat } from './netstat.ts';

test('listeners are known by their peer, whatever the language of Windows', () => {
  for (const word of ['LISTENING', 'ABHÖREN', 'ÉCOUTE', '侦听']) {
    const text = [
      '',
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      `  TCP    0.0.0.0:135            0.0.0.0:0              ${word}          1040`,
      `  TCP    [::]:135               [::]:0                 ${word}          1040`,
      `  TCP    127.0.0.1:3000         0.0.0.0:0              ${word}          77`,
      '  TCP    127.0.0.1:3000         127.0.0.1:50001        HERGESTELLT      77',
      '  TCP    127.0.0.1:50001        127.0.0.1:3000         HERGESTELLT      78',
      '  UDP    [fe80::1%4]:546        *:*                                     1200',
    ].join('\r\n');
    expect(parseNetstat(text)).toEqual([
      { transport: 'tcp', address: '0.0.0.0', port: 135, pids: [1040] },
      { transport: 'tcp', address: '::', port: 135, pids: [1040] },
      { transport: 'tcp', address: '127.0.0.1', port: 3000, pids: [77] },
      { transport: 'udp', address: 'fe80::1', port: 546, pids: [1200] },
    ]);
  }
});
