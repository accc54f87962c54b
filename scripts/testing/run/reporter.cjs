// Ends a test run with what jest does not say: seconds by project, the slowest suites, and what was skipped and why.
// A skipped suite or test says why at the end of its title: "… (skipped: no Chromium was found)".
const { relative } = require('node:path');

const SLOWEST = 10;
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

module.exports = class RunReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    const suites = testResults.map(({ testFilePath, displayName, perfStats, testResults: tests }) => ({
      path: relative(this.rootDir, testFilePath),
      project: displayName?.name ?? '',
      ms: perfStats.runtime,
      tests,
    }));
    // One suite needs no summary.
    if (suites.length < 2) return;
    const lines = [...projects(suites), ...slowest(suites), ...skipped(suites)];
    process.stderr.write(`\n${lines.join('\n')}\n`);
  }
};

function projects(suites) {
  const names = [...new Set(suites.map(({ project }) => project))].sort();
  return names.map((name) => {
    const own = suites.filter(({ project }) => project === name);
    const tests = own.reduce((sum, suite) => sum + suite.tests.length, 0);
    const ms = own.reduce((sum, suite) => sum + suite.ms, 0);
    return `project ${name}: ${own.length} suites, ${tests} tests, ${seconds(ms)} over all workers`;
  });
}

function slowest(suites) {
  const first = suites.toSorted((one, other) => other.ms - one.ms).slice(0, SLOWEST);
  return ['slowest suites:', ...first.map(({ ms, path }) => `  ${seconds(ms).padStart(8)}  ${path}`)];
}

function skipped(suites) {
  const reasons = new Map();
  for (const { path, tests } of suites) {
    for (const { status, ancestorTitles, title } of tests) {
      if (status !== 'pending') continue;
      const name = [...ancestorTitles, title].join(' › ');
      const reason = /\(skipped: (.*?)\)(?: ›|$)/.exec(name)?.[1] ?? `no reason given: ${name}`;
      const count = reasons.get(`${path}: ${reason}`) ?? 0;
      reasons.set(`${path}: ${reason}`, count + 1);
    }
  }
  if (reasons.size === 0) return ['skipped: nothing'];
  return ['skipped:', ...[...reasons].map(([reason, count]) => `  ${count} in ${reason}`)];
}
