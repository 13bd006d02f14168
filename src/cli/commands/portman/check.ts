import { parsePort } from '../../../portman/port-number.ts';
import { lookAtPorts, type PortState } from '../../../portman/port-state.ts';
import { printable } from './printable.ts';
import { registryCommand } from './registry-command.ts';

/** Checks whether a port is free, and if not, which project has it and what listens. */
export const { define, run } = registryCommand<[string]>({
  define: (command) => command.argument('<port>', 'the port'),
  help:
    '\nExits with 0 if the port is free, with 1 if it is reserved or in use.\n' +
    '\nExample:\n  portman check 3000 && echo free',
  async work(registry, { operands: [word] }) {
    const { states } = await lookAtPorts(registry, { ports: [parsePort(word)] });
    const text = states.map(describe).join('');
    return {
      json: states.at(0),
      indent: 2,
      text,
      status: states.every(({ status }) => status === 'free') ? 0 : 1,
    };
  },
});

function describe({ port, status, foreign, unmanaged, reservation, listeners }: PortState): string {
  const lines: string[] = [];
  if (status === 'free') lines.push(`port ${port} is free`);
  if (reservation) {
    const { projectName, description, reservedAt } = reservation;
    const purpose = description ? ` (${description})` : '';
    const state = status === 'in-use' ? 'in use by' : 'reserved for';
    lines.push(`port ${port} is ${state} ${projectName}${purpose}, reserved ${reservedAt}`);
  }
  if (unmanaged) lines.push(`port ${port} is in use, but not reserved`);
  if (foreign) lines.push('but another process listens on it:');
  for (const { transport, address, process, pid, user, command } of listeners) {
    const name = process === null ? 'a hidden process' : `${process} (pid ${pid})`;
    lines.push(`  ${transport} ${address}  ${name} of ${user ?? 'an unknown user'}`);
    if (command !== null) lines.push(`    ${command}`);
  }
  return lines.map((line) => `${printable(line)}\n`).join('');
}
