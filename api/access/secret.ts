// Hashes secrets with scrypt. A secret has 256 random bits, which nobody can guess even from a fast hash; scrypt also protects
// weaker secrets that somebody might choose and write into the table.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { ProblemError } from '../http/problems';

// 16 MiB and about 40 ms for each hash.
const COST = { N: 16_384, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
// Most memory that a stored hash may demand, so that a manipulated row cannot exhaust the memory of this process.
const MAX_MEMORY = 128 * 1024 * 1024;

const AT_ONCE = 2;
const MOST_WAITING = 64;

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(secret, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/**
 * Whether the stored hash belongs to this secret. Without a valid hash the check fails but takes as long, so that the time does
 * not reveal which keys exist.
 * @throws ProblemError (too-many-requests) when too many secrets are being checked.
 */
export async function isSecretOf(stored: string | undefined, secret: string): Promise<boolean> {
  const parsed = stored === undefined ? undefined : parseHash(stored);
  const { cost, salt, hash } = parsed ?? NOBODY;
  const equal = timingSafeEqual(await derive(secret, salt, cost), hash);
  return parsed !== undefined && equal;
}

interface ParsedHash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const NOBODY: ParsedHash = { cost: COST, salt: Buffer.alloc(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES) };

function parseHash(text: string): ParsedHash | undefined {
  const match = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{1,100})\$([\w-]{43})$/.exec(text);
  if (!match) return undefined;
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const usable = N > 1 && (N & (N - 1)) === 0 && r > 0 && p > 0 && 128 * r * (N + p) < MAX_MEMORY;
  if (!usable) return undefined;
  const [salt, hash] = [
    Buffer.from(match[4] as string, 'base64url'),
    Buffer.from(match[5] as string, 'base64url'),
  ];
  return { cost: { N, r, p }, salt, hash };
}

let running = 0;
const waiting: (() => void)[] = [];

// Node has four threads for this and for file and DNS work; two of them stay free.
async function derive(secret: string, salt: Buffer, cost: ParsedHash['cost']): Promise<Buffer> {
  if (running >= AT_ONCE) {
    if (waiting.length >= MOST_WAITING)
      throw new ProblemError('too-many-requests', 'Too many new keys are being checked; try again');
    // A computation that ends passes its place on.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await run(secret, salt, { ...cost, maxmem: MAX_MEMORY + 1024 * 1024 });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

const run = (secret: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
