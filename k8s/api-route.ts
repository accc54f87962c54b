// Makes the API reachable through a Gateway that the cluster has, instead of an ingress.
import { Construct } from 'constructs';
import { addOperatorObject } from './ha/manifest';
import type { Place } from './metadata';

/** Version of the Gateway API since 1.0, which every later one serves. */
const GATEWAY_API = 'gateway.networking.k8s.io/v1';

/**
 * Attaches the host name to one listener of the Gateway. The listener has the certificate, so it must be one for HTTPS. Terraform
 * looks up the kind in the cluster while it plans.
 * @param service name of the API's service, as a reference
 */
export function addApiRoute(stack: Construct, place: Place, service: string): void {
  const { ingressHost, gateway } = place.config.kubernetes;
  const [namespace, name, sectionName] = gateway.split('/');
  addOperatorObject(new Construct(stack, 'ingress'), place, {
    id: 'route',
    component: 'api',
    name: `${place.config.name}-api`,
    apiVersion: GATEWAY_API,
    kind: 'HTTPRoute',
    spec: {
      parentRefs: [{ namespace, name, sectionName }],
      hostnames: [ingressHost],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          backendRefs: [{ name: service, port: 80 }],
        },
      ],
    },
  });
}
