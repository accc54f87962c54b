// Three projects, told apart by the file name:
//   unit      x.test.ts          pure: no process, no server, no synthesis; seconds
//   programs  x.program.test.ts  synthesises stacks or runs programs (Terraform, tar, a shell, the linters)
//   db        x.db.test.ts       real PostgreSQL servers, and a browser (see db/local/test-servers.ts)
const { availableParallelism } = require('node:os');

const typescript = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { target: 'es2023', parser: { syntax: 'typescript' }, keepClassNames: true },
      module: { type: 'commonjs' },
    },
  ],
};

const TEARDOWN = '<rootDir>/scripts/testing/run/teardown.ts';

module.exports = {
  projects: [
    {
      displayName: 'unit',
      testMatch: ['<rootDir>/{infra,k8s,db,api,scripts}/**/*.test.ts'],
      testPathIgnorePatterns: ['\\.(program|db)\\.test\\.ts$'],
      globalSetup: '<rootDir>/scripts/testing/run/setup-unit.ts',
      globalTeardown: TEARDOWN,
      transform: typescript,
    },
    {
      displayName: 'programs',
      testMatch: ['<rootDir>/*.program.test.ts', '<rootDir>/{infra,k8s,db,api,scripts}/**/*.program.test.ts'],
      globalSetup: '<rootDir>/scripts/testing/run/setup-programs.ts',
      globalTeardown: TEARDOWN,
      // The providers are loaded once per worker, not once per suite: see the environment.
      testEnvironment: '<rootDir>/infra/testing/native-environment.cjs',
      transform: {
        ...typescript,
        '/node_modules/(cdktf|constructs|@cdktf)/.+\\.js$': '<rootDir>/infra/testing/native-transform.cjs',
      },
      transformIgnorePatterns: ['/node_modules/(?!(cdktf|constructs|@cdktf)/)'],
    },
    {
      displayName: 'db',
      testMatch: ['<rootDir>/{db,api,scripts}/**/*.db.test.ts'],
      globalSetup: '<rootDir>/scripts/testing/run/setup-db.ts',
      globalTeardown: TEARDOWN,
      transform: {
        ...typescript,
        // An ES module, which jest cannot load. A suite that needs it names the environment of the project programs.
        '/node_modules/@kubernetes/client-node/.+\\.js$': '<rootDir>/infra/testing/native-transform.cjs',
      },
      transformIgnorePatterns: ['/node_modules/(?!@kubernetes/client-node/)'],
    },
  ],
  // Suites wait for servers and children some of the time: one worker more than processors keeps the machine busy.
  maxWorkers: availableParallelism() + 1,
  testTimeout: 120_000,
  reporters: ['default', '<rootDir>/scripts/testing/run/reporter.cjs'],
};
