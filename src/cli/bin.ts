import { portolan } from './program.ts';
import { runProcess } from './run-process.ts';

await runProcess(portolan);
