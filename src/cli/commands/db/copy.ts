import type { Command } from 'commander';
import { openAdmin } from '../../../app.ts';
import { readConfig } from '../../../config.ts';
import { copyStore } from '../../../store/maintenance/copy.ts';
import { type Io, write } from '../../io.ts';
import { count, number } from '../../../core/quantity.ts';
import { asJsonOr, keepingProgress } from './admin-option.ts';

export function define(command: Command): void {
  command
    .argument('<from>', 'a file, or postgres://USER@HOST/DB')
    .argument('<to>', 'another one; it is made where there is none')
    .option('--tenant <name>', 'which tenant of <from> (default: the default one)')
    .option('--json', 'print a JSON object')
    .addHelpText('after', examples);
}

const examples = `
Everything of one tenant: scans under the same ids and all that they saw, hosts, certificates,
targets and profiles, the audit log. The target has to hold nothing of that tenant; where it holds
the same already, nothing is done. All is copied or nothing.

Examples:
  portolan db copy ~/.portolan/results.db postgres://portolan@db.example/portolan
  portolan db copy postgres://portolan@db.example/portolan laptop.db --tenant acme`;

export async function run(
  io: Io,
  [from, to]: [string, string],
  { tenant, json }: { readonly tenant?: string; readonly json?: boolean },
): Promise<void> {
  const { pool } = readConfig(io.env);
  await using source = await openAdmin({ db: from, pool });
  await using target = await openAdmin({ db: to, pool });
  await target.migrate({ isDryRun: false });
  using progress = keepingProgress(io);
  const report = await copyStore(source, target, {
    ...progress.options,
    ...(tenant !== undefined && { tenant }),
  });
  progress[Symbol.dispose]();
  const rows = Object.values(report.rows).reduce((sum, each) => sum + each, 0);
  const what = `${count(report.scans, 'scan')} of ${report.tenant}, ${number(rows)} rows`;
  const text =
    report.outcome === 'present'
      ? `${target.location} holds the same already: ${what}\n`
      : `${what} copied into ${target.location}\n`;
  await write(
    io.stdout,
    asJsonOr(json, { from: source.location, to: target.location, ...report }, text),
  );
}
