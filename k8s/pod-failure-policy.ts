// When a Job whose containers run `tsdb` tries again.

/** `tsdb` ends with these when another try cannot help: something differs and needs a person, or consent is missing. */
const FINAL_EXIT_CODES = [2, 3];

/** For the spec of a Job: gives up at once on final exit codes of these containers, tries anew after all else. */
export function podFailurePolicy(...containerNames: readonly string[]) {
  return {
    rule: [
      ...containerNames.map((containerName) => ({
        action: 'FailJob',
        onExitCodes: { containerName, operator: 'In', values: FINAL_EXIT_CODES },
      })),
      // A drained node is not a failed attempt.
      { action: 'Ignore', onPodCondition: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  };
}
