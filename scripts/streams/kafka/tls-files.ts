// The files of TLS: authorities, and the certificate of the client with its key.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../db/core/errors';
import type { Environment } from '../../../db/core/settings';

/** Files in PEM format; the authorities of the system are trusted when there is no `caFile`. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Reads the settings of the files, and checks what the files hold. Undefined = without TLS. */
export function readTls(env: Environment, isOn: boolean, faults: string[]): TlsFiles | undefined {
  const files = {
    ...(env.TSDB_KAFKA_CA_FILE ? { caFile: env.TSDB_KAFKA_CA_FILE } : {}),
    ...(env.TSDB_KAFKA_CERT_FILE ? { certFile: env.TSDB_KAFKA_CERT_FILE } : {}),
    ...(env.TSDB_KAFKA_KEY_FILE ? { keyFile: env.TSDB_KAFKA_KEY_FILE } : {}),
  };
  if (!isOn) {
    if (Object.keys(files).length > 0)
      faults.push(
        'TSDB_KAFKA_TLS is off, so the files with certificates have no effect: set TSDB_KAFKA_TLS=on',
      );
    return undefined;
  }
  if (files.caFile !== undefined) readCertificate('TSDB_KAFKA_CA_FILE', files.caFile, faults);
  if ((files.certFile === undefined) !== (files.keyFile === undefined))
    faults.push('TSDB_KAFKA_CERT_FILE and TSDB_KAFKA_KEY_FILE belong together; set both or none');
  if (files.certFile !== undefined && files.keyFile !== undefined)
    checkPair(files.certFile, files.keyFile, faults);
  return Object.freeze(files);
}

function checkPair(certFile: string, keyFile: string, faults: string[]): void {
  const certificate = readCertificate('TSDB_KAFKA_CERT_FILE', certFile, faults);
  const key = readKey(keyFile, faults);
  if (certificate === undefined || key === undefined) return;
  if (!certificate.checkPrivateKey(key))
    faults.push(`TSDB_KAFKA_KEY_FILE: ${keyFile} is not the key of the certificate in ${certFile}`);
  if (new Date(certificate.validTo) < new Date())
    faults.push(`TSDB_KAFKA_CERT_FILE: the certificate in ${certFile} expired on ${certificate.validTo}`);
}

/** The first certificate of a file. */
function readCertificate(name: string, path: string, faults: string[]): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(path));
  } catch (error) {
    faults.push(`${name}: ${path} has no certificate in PEM format: ${messageOf(error)}`);
    return undefined;
  }
}

function readKey(path: string, faults: string[]): KeyObject | undefined {
  try {
    return createPrivateKey(readFileSync(path));
  } catch (error) {
    faults.push(
      `TSDB_KAFKA_KEY_FILE: ${path} has no key in PEM format without a passphrase: ${messageOf(error)}`,
    );
    return undefined;
  }
}
