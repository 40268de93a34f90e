import { defineConfig } from 'vitest/config';

/** What takes more than a few seconds: `npm run test:long`, with vitest.long.config.ts. */
export const LONG = ['src/**/*.long.test.ts', 'test/**/*.long.test.ts'];

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: LONG,
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/plain-output.ts', 'test/messages/watch.ts'],
    // the model is loaded once in each worker, not once for each file: a test leaves nothing behind in its modules
    isolate: false,
    // by default one core is left to the main thread, which has next to nothing to do
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
