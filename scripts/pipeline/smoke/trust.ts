// Which certificates of an API are believed: those of the public authorities, or those of one that the settings name.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError } from '../../../db/core/errors';

export interface Trust {
  /** An authority in PEM. Only what it has signed is believed; without it, what the public authorities have signed. */
  readonly ca?: string;
  /** The name that the certificate must be for, when it is not the host of the address. */
  readonly servername?: string;
}

/** The settings as they come from a flag, from the environment or from an earlier stage; empty for none. */
export interface TrustSettings {
  /** PEM, or its base64 on one line, as a pipeline passes it on, or the path of a file with it. */
  readonly ca?: string | undefined;
  readonly servername?: string | undefined;
}

/** @throws UsageError when there is no certificate in what was given. */
export function trustOf({ ca, servername }: TrustSettings): Trust {
  return { ...(ca ? { ca: certificateIn(ca) } : {}), ...(servername ? { servername } : {}) };
}

function certificateIn(given: string): string {
  const pem = isPem(given) ? given : (ofBase64(given) ?? ofFile(given));
  try {
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new UsageError(`TSDB_API_CA holds no certificate: ${(error as Error).message}`, { cause: error });
  }
}

const isPem = (text: string): boolean => text.includes('-----BEGIN CERTIFICATE-----');

function ofBase64(given: string): string | undefined {
  const text = Buffer.from(given, 'base64').toString();
  return isPem(text) ? text : undefined;
}

function ofFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `TSDB_API_CA is neither a certificate in PEM, nor its base64, nor a file: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
