// Suites and tests that need what not every machine has. Where it is missing they are skipped, and the title says why: the
// end of a test run lists these reasons.

/** A title that says why it is skipped; unchanged when nothing is missing. */
export const titleUnless = (missing: string | undefined, title: string): string =>
  missing ? `${title} (skipped: ${missing})` : title;

/** `describe`, skipped when something is missing. */
export function describeUnless(missing: string | undefined, title: string, body: () => void): void {
  (missing ? describe.skip : describe)(titleUnless(missing, title), body);
}

/** `it`, skipped when something is missing. */
export const itUnless =
  (missing: string | undefined) =>
  (title: string, body: jest.ProvidesCallback, timeoutMs?: number): void =>
    (missing ? it.skip : it)(titleUnless(missing, title), body, timeoutMs);
