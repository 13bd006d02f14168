import { runProcess } from './run-process.ts';
import { portman } from './commands/portman/commands.ts';

await runProcess(portman);
