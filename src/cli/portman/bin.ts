import { runProcess } from '../run-process.ts';
import { portman } from './registry.ts';

await runProcess(portman);
