import { describe, expect, test } from 'vitest';
import { portolan } from '../../test/cli.ts';
import { commands } from './program.ts';

describe('the command line', () => {
  test('alone shows what one does first', async () => {
    const { status, stdout } = await portolan([]);
    expect(status).toBe(0);
    expect(stdout).toContain('portolan scan localhost');
  });

  test('--help lists every command that people type', async () => {
    const { stdout } = await portolan(['--help']);
    for (const { name, summary, isHidden } of commands) {
      expect(stdout.includes(`  ${name} `) && stdout.includes(summary.slice(0, 30))).toBe(
        !isHidden,
      );
    }
  });

  test.each(commands.map(({ name }) => name))('%s --help has an example', async (name) => {
    const { status, stdout } = await portolan([name, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}/);
    expect(stdout).toMatch(new RegExp(`portolan ${name}`));
    expect((await portolan(['help', name])).stdout).toBe(stdout);
  });

  test('a wrong word is met with the nearest command and status 2', async () => {
    const { status, stderr } = await portolan(['completio']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/unknown command 'completio'[^]*completion/);
  });

  test('help of a command that there is not ends with status 2', async () => {
    expect(await portolan(['help', 'nosuch'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown command 'nosuch'") as string,
    });
    expect((await portolan(['help', 'portman', 'nosuch'])).status).toBe(2);
    expect((await portolan(['help'])).status).toBe(0);
    expect((await portolan(['help', '--help'])).status).toBe(0);
  });

  test('a group of commands without one shows its help and ends with status 2', async () => {
    const { status, stdout, stderr } = await portolan(['audit']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/verify[^]*Examples:/);
    // A wrong option has its message once, and no help.
    expect((await portolan(['audit', 'list', '--bogus'])).stderr).toBe(
      'portolan: unknown option \'--bogus\'\nSee "portolan audit --help".\n',
    );
  });

  test('a wrong option names the command with the help', async () => {
    const { status, stderr } = await portolan(['completion', 'bash', '--bogus']);
    expect(status).toBe(2);
    expect(stderr).toContain("unknown option '--bogus'");
    expect(stderr).toContain('portolan completion --help');
  });
});
