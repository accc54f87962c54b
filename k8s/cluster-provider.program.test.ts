import { App } from 'cdktf';
import { AksStack } from '../infra/aks/stack';
import { BaseStack } from '../infra/core/base-stack';
import { readConfig } from '../infra/core/config';
import { synthesiseApp } from '../infra/core/testing/synthesise';
import { addClusterProvider } from './cluster-provider';

interface Deployed {
  readonly provider: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function synthesise(env: Record<string, string> = {}): { readonly text: string } & Deployed {
  const { consumer } = synthesiseApp((outdir) => {
    const app = new App({ outdir });
    const config = readConfig(env);
    const stack = new BaseStack(app, 'consumer', { config, tags: {} });
    const isAks = config.kubernetes.cluster === 'aks';
    addClusterProvider(stack, config, isAks ? new AksStack(app, 'aks', { config }) : undefined);
    return app;
  });
  const text = consumer?.text ?? '';
  return { text, ...(JSON.parse(text) as Deployed) };
}

describe('the provider of the cluster', () => {
  it('takes the kubeconfig that is there, and its current context', () => {
    expect(synthesise().provider).toEqual({ kubernetes: [{ config_path: '~/.kube/config' }] });
    expect(synthesise({ TSDB_DEPLOY_KUBE_CONTEXT: 'plant' }).provider.kubernetes).toEqual([
      { config_path: '~/.kube/config', config_context: 'plant' },
    ]);
  });

  it('asks Azure where its cluster is, and logs in as the one who deploys', () => {
    const { provider, data } = synthesise({ TSDB_DEPLOY_CLUSTER: 'aks' });
    expect(provider.kubernetes).toEqual([
      {
        host: `\${data.azurerm_kubernetes_cluster.aks.kube_config[0].host}`,
        cluster_ca_certificate: `\${base64decode(data.azurerm_kubernetes_cluster.aks.kube_config[0].cluster_ca_certificate)}`,
        exec: [
          expect.objectContaining({ command: 'kubelogin', args: expect.arrayContaining(['get-token']) }),
        ],
      },
    ]);
    expect(Object.keys(data ?? {}).sort()).toEqual(['azurerm_kubernetes_cluster', 'terraform_remote_state']);
  });

  it('reads name and group from the state of the other stack, and nothing else', () => {
    const { text } = synthesise({ TSDB_DEPLOY_CLUSTER: 'aks' });
    const read = text.match(/terraform_remote_state\.[^}]*/g) ?? [];
    expect(read.map((reference) => reference.replace(/.*[0-9A-F]{8}/, '')).sort()).toEqual([
      'name',
      'resource_group_name',
    ]);
    expect(text).not.toMatch(/client_key|client_certificate|kube_config_raw|kube_admin|"token"|password/);
  });
});
