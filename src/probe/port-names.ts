/** placeholder */
export const servicesByPort: ReadonlyMap<number, string> = new Map();
