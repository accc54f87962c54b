// What a consumer shows a broker and trusts it by, as files of Secrets that exist already. Terraform never reads them.
import { CERTIFICATE_KEYS } from '../../infra/core/settings/consumers';
import type { BrokerFiles } from '../../infra/core/stream-environment';

export interface BrokerSecrets {
  /** Name of the Secret with the password, when the broker asks for one. */
  readonly password?: string | undefined;
  /** Name of the Secret with the client certificate. */
  readonly certificate?:
    | { readonly secret: string; readonly keys: keyof typeof CERTIFICATE_KEYS }
    | undefined;
  /** Name of the Secret with the authorities; empty for those of the image. */
  readonly authorities: string;
  /** Name of the Secret with the password of the schema registry, when it asks for one. */
  readonly registry?: string | undefined;
}

const FOLDER = '/run/secrets/broker';
const NAME = 'broker';

/**
 * One volume with all of them, and where the files are in it. A pod waits for Secrets that are missing, and the check of its
 * rollout says so. The kubelet renews the files when a Secret changes.
 */
export function brokerFiles({ password, certificate, authorities, registry }: BrokerSecrets) {
  const at = (file: string): string => `${FOLDER}/${file}`;
  const keys = certificate === undefined ? undefined : CERTIFICATE_KEYS[certificate.keys];
  const sources = [
    ...(password === undefined ? [] : [source(password, { password: 'password' })]),
    ...(certificate === undefined || keys === undefined
      ? []
      : [source(certificate.secret, { [keys.certificate]: 'client.crt', [keys.key]: 'client.key' })]),
    ...(authorities === '' ? [] : [source(authorities, { 'ca.crt': 'ca.crt' })]),
    ...(registry === undefined ? [] : [source(registry, { password: 'registry-password' })]),
  ];
  const broker: BrokerFiles = {
    ...(password === undefined ? {} : { password: at('password') }),
    ...(authorities === '' ? {} : { authorities: at('ca.crt') }),
    ...(certificate === undefined
      ? {}
      : { certificate: { certificate: at('client.crt'), key: at('client.key') } }),
  };
  const isEmpty = sources.length === 0;
  return {
    broker,
    registryPassword: registry === undefined ? undefined : at('registry-password'),
    volume: isEmpty ? [] : [{ name: NAME, projected: [{ defaultMode: '0440', sources }] }],
    volumeMount: isEmpty ? [] : [{ name: NAME, mountPath: FOLDER, readOnly: true }],
  };
}

/** @param files of its keys */
function source(name: string, files: Readonly<Record<string, string>>) {
  const items = Object.entries(files).map(([key, path]) => ({ key, path }));
  return { secret: [{ name, items }] };
}
