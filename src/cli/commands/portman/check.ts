import type { Command } from 'commander';
import { parsePort } from '../../../portman/port-number.ts';
import { lookAtPorts, type PortState } from '../../../portman/port-state.ts';
import { type Io, write } from '../../io.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  command
    .argument('<port>', 'the port')
    .option('--json', 'print a JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 if the port is free, with 1 if it is reserved or somebody listens on it.\n' +
        '\nExample:\n  portman check 3000 && echo free',
    );
}

/** Says whether a port is free, and if not, whose it is and who listens. */
export async function run(
  io: Io,
  [word]: [string],
  options: { readonly json?: boolean },
): Promise<number> {
  const port = parsePort(word);
  const state = await withRegistry(io, async (registry) => {
    const { states } = await lookAtPorts(registry, { ports: [port] });
    return states[0]!;
  });
  await write(io.stdout, options.json ? `${JSON.stringify(state, null, 2)}\n` : describe(state));
  return state.status === 'free' ? 0 : 1;
}

function describe({ port, status, foreign, unmanaged, reservation, listeners }: PortState): string {
  const lines: string[] = [];
  if (status === 'free') lines.push(`port ${port} is free`);
  if (reservation) {
    const { projectName, description, reservedAt } = reservation;
    const purpose = description ? ` (${description})` : '';
    const state = status === 'in-use' ? 'in use by' : 'reserved for';
    lines.push(`port ${port} is ${state} ${projectName}${purpose}, reserved ${reservedAt}`);
  }
  if (unmanaged) lines.push(`port ${port} is in use, and nobody has reserved it`);
  if (foreign) lines.push('but somebody else listens on it:');
  for (const { transport, address, process, pid, user, command } of listeners) {
    const name = process === null ? 'a hidden process' : `${process} (pid ${pid})`;
    lines.push(`  ${transport} ${address}  ${name} of ${user ?? 'an unknown user'}`);
    if (command !== null) lines.push(`    ${command}`);
  }
  // A command line is somebody else's text: it must not move the cursor.
  // oxlint-disable-next-line no-control-regex
  return `${lines.join('\n').replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')}\n`;
}
