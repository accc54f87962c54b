// SCRAM verifiers: against the example of RFC 7677, which knows nothing of this code.
import { createHash, createHmac } from 'node:crypto';
import { isVerifierOf, scramVerifier } from './scram';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const exchange = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt.toString('base64')},i=4096,c=biws,r=${nonce}`;

describe('scramVerifier', () => {
  it('holds the keys of the exchange in RFC 7677', () => {
    const verifier = scramVerifier('pencil', salt);
    const [, stored = '', server = ''] =
      /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$([^:]{44}):(.{44})$/.exec(verifier) ?? [];
    const sign = (key: string): Buffer =>
      createHmac('sha256', Buffer.from(key, 'base64')).update(exchange).digest();
    expect(sign(server).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    // The proof is the client's key, which the verifier has the hash of, hidden by the signature.
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const clientKey = sign(stored).map((byte, at) => byte ^ (proof[at] as number));
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(stored);
  });

  it('has a salt of its own each time', () => {
    expect(scramVerifier('pencil')).not.toBe(scramVerifier('pencil'));
  });
});

describe('isVerifierOf', () => {
  it.each([
    ['its own password', scramVerifier('pencil'), true],
    ['other iterations', scramVerifier('pencil', salt, 10_000), true],
    ['another password', scramVerifier('pencils'), false],
    ['no password', null, false],
    ['an md5 hash', 'md5f2f7b56acf3d0fbb1b4b0ffb6e7ed6f4', false],
    ['a broken one', 'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==', false],
  ])('says of %s: %s', (_name, verifier, expected) => {
    expect(isVerifierOf(verifier, 'pencil')).toBe(expected);
  });
});
