import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/postgres/setup.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests open real sockets, databases and processes: a limit that only catches a hang.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
