// The text of a key, `tsdb_<id>_<secret>`: how it is made, read, and kept out of logs and answers.
import { randomBytes, randomInt } from 'node:crypto';

/** The two parts of a key: the id is no secret and names the key in lists and logs. */
export interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

// Without `_` and `-`, so that an id is one word and never looks like a flag of a command.
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 12;
const SECRET_BYTES = 32;

const ID = `[a-z0-9]{${ID_LENGTH}}`;
const WHOLE = new RegExp(`^tsdb_(${ID})_([A-Za-z0-9_-]{43})$`);
// A client may send an incomplete key by mistake, so everything after the id is hidden.
const ANYWHERE = new RegExp(`(tsdb_${ID})_[A-Za-z0-9_-]+`, 'g');

/** What an id looks like, as the pattern of a JSON schema. */
export const KEY_ID_PATTERN = `^${ID}$`;

/** The parts of a new key. */
export function newKeyParts(): KeyParts {
  const letter = (): string => ID_ALPHABET[randomInt(ID_ALPHABET.length)] as string;
  return {
    id: Array.from({ length: ID_LENGTH }, letter).join(''),
    secret: randomBytes(SECRET_BYTES).toString('base64url'),
  };
}

/** The key as its owner keeps and sends it. */
export const keyText = ({ id, secret }: KeyParts): string => `tsdb_${id}_${secret}`;

/** The parts of a key, or undefined when the text is not a key. */
export function parseKey(text: string): KeyParts | undefined {
  const match = WHOLE.exec(text);
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined;
}

/** The text without the secrets of the keys in it. */
export function hideKeys(text: string): string {
  return text.includes('tsdb_') ? text.replaceAll(ANYWHERE, '$1_hidden') : text;
}
