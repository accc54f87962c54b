// One more try for a test on real servers or a browser, when TSDB_TEST_RETRIES asks for it; the first failure is printed.
const tries = Number(process.env.TSDB_TEST_RETRIES ?? 0);
if (tries > 0) jest.retryTimes(tries, { logErrorsBeforeRetry: true });
