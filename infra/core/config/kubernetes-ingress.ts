// The way to the API from outside of the cluster, read and checked.
import type { Reader } from './reader';

export interface IngressConfig {
  /** Empty for no ingress. With it, `ingressTlsSecret` or `ingressIssuer` is given. */
  readonly ingressHost: string;
  readonly ingressClass: string;
  readonly ingressTlsSecret: string;
  readonly ingressIssuer: string;
  readonly ingressNamespace: string;
}

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Notes its faults in the reader. */
export function readIngress(read: Reader): IngressConfig {
  const ingress = {
    ingressHost: read.optional(
      'TSDB_DEPLOY_INGRESS_HOST',
      /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
      'a lower-case DNS name such as metrics.example.org',
    ),
    ingressClass: read.optional('TSDB_DEPLOY_INGRESS_CLASS', NAME, 'the name of an ingress class'),
    ingressTlsSecret: read.optional('TSDB_DEPLOY_INGRESS_TLS_SECRET', NAME, 'the name of a Secret'),
    ingressIssuer: read.optional('TSDB_DEPLOY_INGRESS_ISSUER', NAME, 'the name of a cluster issuer'),
    ingressNamespace: read.optional('TSDB_DEPLOY_INGRESS_NAMESPACE', LABEL, 'the name of a namespace'),
  };
  const { ingressHost, ingressClass, ingressTlsSecret, ingressIssuer } = ingress;
  if (ingressHost === '') {
    if (`${ingressClass}${ingressTlsSecret}${ingressIssuer}` !== '')
      read.fault(
        'TSDB_DEPLOY_INGRESS_CLASS, _TLS_SECRET and _ISSUER belong to an ingress; set TSDB_DEPLOY_INGRESS_HOST too, or take them away',
      );
  } else if (ingressTlsSecret === '' && ingressIssuer === '')
    read.fault(
      'TSDB_DEPLOY_INGRESS_HOST without TLS would send keys and data in clear text; set TSDB_DEPLOY_INGRESS_TLS_SECRET, or TSDB_DEPLOY_INGRESS_ISSUER for a certificate that cert-manager makes',
    );
  return ingress;
}
