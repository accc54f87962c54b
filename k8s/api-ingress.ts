// Makes the API reachable from outside, through the cluster's own ingress controller or Gateway and always with TLS.
import { IngressV1 } from '@cdktf/provider-kubernetes/lib/ingress-v1';
import { Construct } from 'constructs';
import { addApiRoute } from './api-route';
import { metadata, type Place } from './metadata';

/**
 * Only for a deployment with `ingressHost`: call it when that is not empty.
 * @param service name of the API's service, as a reference
 */
export function addApiIngress(stack: Construct, place: Place, service: string): void {
  if (place.config.kubernetes.gateway !== '') {
    addApiRoute(stack, place, service);
    return;
  }
  const { ingressHost: host, ingressClass, ingressIssuer, ingressTlsSecret } = place.config.kubernetes;
  const backend = { service: { name: service, port: { name: 'http' } } };
  new IngressV1(new Construct(stack, 'ingress'), 'ingress', {
    metadata: {
      ...metadata(place, 'api'),
      ...(ingressIssuer === '' ? {} : { annotations: { 'cert-manager.io/cluster-issuer': ingressIssuer } }),
    },
    spec: {
      ...(ingressClass === '' ? {} : { ingressClassName: ingressClass }),
      // Without a Secret in the settings, this is the one that cert-manager writes the certificate into.
      tls: [{ hosts: [host], secretName: ingressTlsSecret || `${place.config.name}-api-tls` }],
      rule: [{ host, http: { path: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  });
}
