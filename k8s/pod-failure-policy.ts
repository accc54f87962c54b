// Decides when a Job whose containers run `tsdb` retries.

/** `tsdb` exits with these when a retry cannot help: something differs and needs a person, or consent is missing. */
const FINAL_EXIT_CODES = [2, 3];

/** For the spec of a Job: gives up at once on final exit codes of these containers, retries after any other failure. */
export function podFailurePolicy(...containerNames: readonly string[]) {
  return {
    rule: [
      ...containerNames.map((containerName) => ({
        action: 'FailJob',
        onExitCodes: { containerName, operator: 'In', values: FINAL_EXIT_CODES },
      })),
      // The drain of a node does not count as a failed attempt.
      { action: 'Ignore', onPodCondition: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  };
}
