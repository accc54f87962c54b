// For tests: a certificate authority with certificates for a server on this machine and for clients, made by openssl.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a key and its certificate, both PEM. */
export interface KeyPair {
  readonly keyFile: string;
  readonly certFile: string;
}

export interface Certificates {
  /** The authority's certificate. */
  readonly caFile: string;
  /** For `localhost` and 127.0.0.1. */
  readonly server: KeyPair;
  /** One file with the key and the certificate of the server. */
  readonly serverFile: string;
  /** A client that the authority knows; its common name is `client`. */
  readonly client: KeyPair;
  /** A client of another authority, which must be refused. */
  readonly stranger: KeyPair;
}

/** Why certificates cannot be made; undefined where openssl is installed. */
export const noOpenssl =
  spawnSync('openssl', ['version']).status === 0
    ? undefined
    : 'openssl, which makes certificates, is not on PATH';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** Makes them in a folder. */
export function makeCertificates(folder: string): Certificates {
  const authority = selfSigned(folder, 'authority');
  const signed = (name: string, ...extensions: readonly string[]): KeyPair => {
    const pair = filesOf(folder, name);
    const issuer = ['-CA', authority.certFile, '-CAkey', authority.keyFile];
    openssl([...request(name, pair), ...issuer, ...extensions.flatMap((text) => ['-addext', text])]);
    return pair;
  };
  const server = signed(
    'server',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    'basicConstraints=critical,CA:FALSE',
  );
  const serverFile = join(folder, 'server.pem');
  writeFileSync(serverFile, readFileSync(server.keyFile, 'utf8') + readFileSync(server.certFile, 'utf8'));
  return {
    caFile: authority.certFile,
    server,
    serverFile,
    client: signed('client', 'basicConstraints=critical,CA:FALSE'),
    stranger: selfSigned(folder, 'stranger'),
  };
}

function selfSigned(folder: string, name: string): KeyPair {
  const pair = filesOf(folder, name);
  openssl(request(name, pair));
  return pair;
}

const filesOf = (folder: string, name: string): KeyPair => ({
  keyFile: join(folder, `${name}.key`),
  certFile: join(folder, `${name}.crt`),
});

const request = (name: string, { keyFile, certFile }: KeyPair): readonly string[] => {
  const files = ['-keyout', keyFile, '-out', certFile];
  return ['req', '-x509', ...KEY, '-subj', `/CN=${name}`, ...files];
};

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
}
