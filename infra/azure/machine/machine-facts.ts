// What the machine needs to know about its deployment. It reads this from the metadata endpoint, as its user data.

/** Secrets in the vault: the superuser, the four logins, and the cipher of the backup repository. */
export const SECRETS = ['postgres', 'owner', 'app', 'monitoring', 'backup', 'repository'] as const;

export type SecretName = (typeof SECRETS)[number];

/**
 * Becomes the machine's `user_data` as JSON: `Fn.base64encode(Fn.jsonencode(facts))`. Everything that can reach the
 * metadata endpoint can read it, so nothing in it is secret.
 */
export interface MachineFacts {
  /** `https://name.vault.azure.net/`, with or without the slash. */
  readonly vaultUri: string;
  /** Name in the vault of each secret. */
  readonly secretNames: Readonly<Record<SecretName, string>>;
  readonly storageAccount: string;
  readonly bundleContainer: string;
  /** Repository of pgBackRest. */
  readonly backupContainer: string;
  /** Where dumps go. */
  readonly dumpContainer: string;
  /** Public or private name of the API; empty for none. */
  readonly apiHostName: string;
}
