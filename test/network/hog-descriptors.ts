import { closeSync, openSync } from 'node:fs';

/** Takes every descriptor that this process has left but a few, and gives them back after a while. */
export function hogDescriptors(left: number, forMs: number): void {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    for (const descriptor of taken.splice(-left)) closeSync(descriptor);
  }
  setTimeout(() => taken.forEach((descriptor) => closeSync(descriptor)), forMs);
}
