// Two projects: `unit` is pure and takes seconds, `db` starts real PostgreSQL servers (see db/local/test-servers.ts).
const shared = {
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' }, keepClassNames: true },
        module: { type: 'commonjs' },
      },
    ],
  },
  testEnvironment: 'node',
};

module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{infra,k8s,db,api,scripts}/**/*.test.ts'],
      testPathIgnorePatterns: ['\\.db\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'db',
      testMatch: ['<rootDir>/{db,api,scripts}/**/*.db.test.ts'],
      globalSetup: '<rootDir>/scripts/testing/jest-setup.ts',
      globalTeardown: '<rootDir>/db/local/jest-teardown.ts',
      setupFilesAfterEnv: ['<rootDir>/scripts/testing/jest-retries.ts'],
    },
  ],
  testTimeout: 120_000,
};
