// SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5802, RFC 7677). They are computed here, so that no server sees a password.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

// The server's own default (scram_iterations).
const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * The verifier of a password, for use in `ALTER ROLE … PASSWORD '…'`.
 * @param password printable ASCII, which needs no normalisation (SASLprep).
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

/** Whether a stored verifier belongs to this password; false if there is none or it is of another kind (md5). */
export function isVerifierOf(verifier: string | null, password: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]+)\$/.exec(verifier ?? '') ?? [];
  if (iterations === undefined || salt === undefined) return false;
  return scramVerifier(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier;
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
