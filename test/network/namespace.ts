import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { requirement } from '../environment.ts';

/** A network of one's own: nothing that happens in it touches the machine's. */
export interface Namespace extends Disposable {
  readonly name: string;
  /** Runs a command inside to its end and returns its output. Throws where it fails. */
  run(command: string, args: readonly string[], input?: string): string;
  /** Starts a command inside; it is ended with the namespace. */
  start(command: string, args: readonly string[]): ChildProcess;
  /** Replaces the rules of a chain on the way in: lines of nft syntax. */
  filter(rules: readonly string[]): void;
}

let count = 0;

/**
 * Makes a network namespace in which every address of some networks answers.
 *
 * @param local networks whose every address is the namespace's own (`10.9.0.0/22`)
 */
export function newNamespace(local: readonly string[]): Namespace {
  const name = `portolan-${process.pid}-${(count += 1)}`;
  const children: ChildProcess[] = [];
  execFileSync('ip', ['netns', 'add', name]);
  const run: Namespace['run'] = (command, args, input) =>
    execFileSync('ip', ['netns', 'exec', name, command, ...args], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  run('ip', ['link', 'set', 'lo', 'up']);
  for (const network of local) {
    const family = network.includes(':') ? '-6' : '-4';
    run('ip', [family, 'route', 'add', 'local', network, 'dev', 'lo']);
  }
  return {
    name,
    run,
    start(command, args) {
      const child = spawn('ip', ['netns', 'exec', name, command, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      return child;
    },
    filter(rules) {
      const chain = ['type filter hook input priority 0;', ...rules].join('\n');
      run('nft', ['-f', '-'], `flush ruleset\ntable inet t {\nchain in {\n${chain}\n}\n}\n`);
    },
    [Symbol.dispose]() {
      for (const child of children) child.kill('SIGKILL');
      execFileSync('ip', ['netns', 'del', name]);
    },
  };
}

/**
 * Joins two namespaces by a wire: 10.10.0.1 and fd10::1 on one end, named `far`, 10.10.0.2 and
 * fd10::2 on the other, named `near`.
 *
 * @param routes networks of the second that the first reaches through it
 */
export function connect(first: Namespace, second: Namespace, routes: readonly string[]): void {
  const peer = ['type', 'veth', 'peer', 'name', 'near', 'netns', second.name];
  first.run('ip', ['link', 'add', 'far', ...peer]);
  for (const [side, link, end] of [
    [first, 'far', 1],
    [second, 'near', 2],
  ] as const) {
    side.run('ip', ['addr', 'add', `10.10.0.${end}/24`, 'dev', link]);
    side.run('ip', ['addr', 'add', `fd10::${end}/64`, 'dev', link, 'nodad']);
    side.run('ip', ['link', 'set', link, 'up']);
  }
  for (const network of routes) {
    first.run('ip', [
      'route',
      'add',
      network,
      'via',
      network.includes(':') ? 'fd10::2' : '10.10.0.2',
    ]);
  }
}

/** Whether namespaces, packet filters and TUN devices can be made here. */
export function canMakeNamespaces(): boolean {
  return requirement(
    'a network namespace of its own',
    process.getuid?.() === 0 && isThere('ip') && isThere('nft') && isThere('nmap'),
    'run as root with the packages iproute2, nftables and nmap',
  );
}

function isThere(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(`${folder}/${command}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
