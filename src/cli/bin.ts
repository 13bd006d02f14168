import { portolan } from './registry.ts';
import { runProcess } from './run-process.ts';

await runProcess(portolan);
