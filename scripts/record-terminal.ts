/** Records the README's picture anew: `npm run picture`. */
import { writeFileSync } from 'node:fs';
import { recordCommands } from './terminal/recording.ts';
import { renderTerminal } from './terminal/svg.ts';

writeFileSync('docs/terminal.svg', renderTerminal(await recordCommands()));
