// TypeScript through SWC (the only fast compiler that emits decorator metadata), as native ES modules. One Postgres for the whole run.
// No module path and no baseUrl: a bare import of `graphql` would find the folder.
import swcOptions from './tests/kit/swc-options.mjs';

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // The compiled name in an import stands for the source file.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  globalSetup: '<rootDir>/tests/kit/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/kit/global-teardown.mjs',
  testTimeout: 60_000,
  maxWorkers: 2,
};
