import type { Command } from 'commander';
import { count, number } from '../../../core/quantity.ts';
import { copyStore } from '../../../store/maintenance/copy.ts';
import type { Io } from '../../io.ts';
import { adminFrom, adminProgress, totalRows, writeReport } from './admin-command.ts';

export function define(command: Command): void {
  command
    .argument('<from>', 'a file, or postgres://USER@HOST/DB')
    .argument('<to>', 'another one; created if it does not exist')
    .option('--tenant <name>', 'which tenant of <from> (default: the default one)')
    .option('--json', 'print a JSON object')
    .addHelpText('after', examples);
}

const examples = `
Copies everything of one tenant: scans with their ids and results, hosts, certificates, targets,
profiles and the audit log. The destination must hold nothing of that tenant; if it holds the same
data already, nothing happens. Either all is copied or nothing.

Examples:
  portolan db copy ~/.portolan/results.db postgres://portolan@db.example/portolan
  portolan db copy postgres://portolan@db.example/portolan laptop.db --tenant acme`;

export async function run(
  io: Io,
  [from, to]: [string, string],
  options: { readonly tenant?: string; readonly json?: boolean },
): Promise<number> {
  const { tenant } = options;
  await using source = await adminFrom(io, { db: from });
  await using target = await adminFrom(io, { db: to });
  await target.migrate({ isDryRun: false });
  using progress = adminProgress(io);
  const report = await copyStore(source, target, {
    ...progress.options,
    ...(tenant !== undefined && { tenant }),
  });
  progress[Symbol.dispose]();
  const rows = number(totalRows(report.rows));
  const what = `${count(report.scans, 'scan')} of ${report.tenant}, ${rows} rows`;
  const text =
    report.outcome === 'present'
      ? `${target.location} already holds the same data: ${what}\n`
      : `${what} copied to ${target.location}\n`;
  const json = { from: source.location, to: target.location, ...report };
  return await writeReport(io, options, { json, text });
}
