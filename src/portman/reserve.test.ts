import { describe, expect, test } from 'vitest';
import { freePort, listenHere, temporaryRegistry } from '../../test/portman/fixtures.ts';
import { findProcess } from '../listeners/list-listeners.ts';
import { readHistory } from './history.ts';
import { releasePorts } from './release.ts';
import { readReservations } from './reservation.ts';
import { passOn, reservePorts } from './reserve.ts';

describe('reserving', () => {
  test('several ports is all or none', async () => {
    const registry = await temporaryRegistry();
    await reservePorts(registry, { ports: [3005], project: 'other' });
    await expect(
      reservePorts(registry, { ports: [3004, 3005, 3006], project: 'mine' }),
    ).rejects.toMatchObject({ code: 'PORT_RESERVED', details: { port: 3005, project: 'other' } });
    expect(readReservations(registry, [3004, 3005, 3006]).map((row) => row.number)).toEqual([3005]);
    expect(readHistory(registry)).toHaveLength(1);
  });

  test('again by the same project replaces what it says, and keeps the rest', async () => {
    const registry = await temporaryRegistry();
    const ports = [3000];
    await reservePorts(registry, { ports, project: 'a', description: 'web', tags: ['x'] });
    const [row] = await reservePorts(registry, { ports, project: 'a', autoRelease: true });
    expect(row).toMatchObject({ description: 'web', tags: ['x'], autoRelease: true });
  });

  test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
    'a port that somebody listens on at %s is refused unless it is adopted',
    async (host) => {
      const registry = await temporaryRegistry();
      const port = await listenHere(host);
      const request = { ports: [port], project: 'a' };
      await expect(reservePorts(registry, request)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
      expect(await reservePorts(registry, { ...request, adopt: true })).toHaveLength(1);
    },
  );

  test.each([0, 65_536, 1.5, Number.NaN])('the port %d is refused', async (port) => {
    const registry = await temporaryRegistry();
    const request = reservePorts(registry, { ports: [port], project: 'a' });
    await expect(request).rejects.toMatchObject({ code: 'INVALID_PORT', exitCode: 2 });
  });

  test('without a name is refused', async () => {
    const registry = await temporaryRegistry();
    await expect(reservePorts(registry, { ports: [3000], project: ' ' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test('a port that is only remembered as free takes it', async () => {
    const registry = await temporaryRegistry();
    registry.db.exec(`INSERT INTO ports (number, projectName, status) VALUES (3000, 'a', 'free')`);
    const [row] = await reservePorts(registry, { ports: [3000], project: 'b' });
    expect(row).toMatchObject({ projectName: 'b', status: 'reserved' });
  });

  test('is held by a process until it is passed on, and only by that one', async () => {
    const registry = await temporaryRegistry();
    const me = (await findProcess(process.pid))!;
    await reservePorts(registry, { ports: [3000], project: 'a', heldBy: me });
    passOn(registry, [3000], { from: { ...me, startTime: '1' }, to: undefined });
    expect(readReservations(registry, [3000])[0]!.owner).toEqual({
      pid: me.pid,
      startTime: me.startTime,
      bootId: me.bootId,
      uid: me.uid,
    });
    passOn(registry, [3000], { from: me, to: undefined });
    expect(readReservations(registry, [3000])[0]!.owner).toBeUndefined();
  });
});

describe('releasing', () => {
  test('is all or none, and says what is not reserved', async () => {
    const registry = await temporaryRegistry();
    await reservePorts(registry, { ports: [3000, 3001], project: 'a' });
    await expect(releasePorts(registry, { ports: [3000, 3002] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { port: 3002 },
    });
    expect(await releasePorts(registry, { ports: [3001, 3000] })).toEqual([3000, 3001]);
    expect(readHistory(registry, { port: 3000 }).map(({ action }) => action)).toEqual([
      'released',
      'reserved',
    ]);
    expect(readHistory(registry, { port: 3000 })[0]).toMatchObject({
      performedBy: registry.user,
      details: '{"command":"release","force":false}',
    });
  });

  test('a port that its project listens on needs force', async () => {
    const registry = await temporaryRegistry();
    const port = await listenHere();
    await reservePorts(registry, { ports: [port], project: 'a', adopt: true });
    await expect(releasePorts(registry, { ports: [port] })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
    expect(await releasePorts(registry, { ports: [port], force: true })).toEqual([port]);
  });

  test('for one project leaves the ports of others alone', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    await reservePorts(registry, { ports: [port], project: 'a' });
    await expect(releasePorts(registry, { ports: [port], project: 'b' })).rejects.toMatchObject({
      code: 'PORT_RESERVED',
    });
  });
});
