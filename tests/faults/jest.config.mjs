// The fault suite: real processes are killed, so it runs alone and one file after another. `npm run test:faults` builds first.
import base from '../../jest.config.mjs';

export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/tests/faults'],
  testMatch: ['**/*.faults.ts'],
  globalSetup: undefined,
  globalTeardown: undefined,
  testTimeout: 480_000,
  maxWorkers: 1,
  verbose: true,
};
