// SCRAM-SHA-256 verifiers as PostgreSQL keeps them (RFC 5802, RFC 7677): made here, so that no server ever sees the password.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

// What the server takes by itself (scram_iterations).
const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * The verifier of a password, to be given to `PASSWORD '…'` of a role.
 * @param password printable ASCII, which needs no SASLprep.
 */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations = ITERATIONS,
): string {
  const salted = pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether a stored verifier is one of this password; false for none and for any other kind (md5). */
export function isVerifierOf(verifier: string | null, password: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]+)\$/.exec(verifier ?? '') ?? [];
  if (iterations === undefined || salt === undefined) return false;
  return scramVerifier(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier;
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
