// Makes the API reachable from outside, through the cluster's own ingress controller and always with TLS.
import { IngressV1 } from '@cdktf/provider-kubernetes/lib/ingress-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { kubernetesLabels } from '../infra/core/names';

export interface ApiIngressProps {
  readonly config: DeployConfig;
  /** Reference to the namespace. */
  readonly namespace: string;
  /** Name of the API's service, as a reference. */
  readonly service: string;
}

/** Only for a deployment with `ingressHost`: wire it when that is not empty. */
export class ApiIngress extends Construct {
  constructor(scope: Construct, id: string, { config, namespace, service }: ApiIngressProps) {
    super(scope, id);
    const { ingressHost: host, ingressClass, ingressIssuer, ingressTlsSecret } = config.kubernetes;
    new IngressV1(this, 'ingress', {
      metadata: {
        name: `${config.name}-api`,
        namespace,
        labels: kubernetesLabels(config, 'api'),
        ...(ingressIssuer === '' ? {} : { annotations: { 'cert-manager.io/cluster-issuer': ingressIssuer } }),
      },
      spec: {
        ...(ingressClass === '' ? {} : { ingressClassName: ingressClass }),
        // Without a Secret in the settings, this is the one that cert-manager writes the certificate into.
        tls: [{ hosts: [host], secretName: ingressTlsSecret || `${config.name}-api-tls` }],
        rule: [
          {
            host,
            http: {
              path: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: service, port: { name: 'http' } } },
                },
              ],
            },
          },
        ],
      },
    });
  }
}
