import { readConfig } from '../core/config';
import type { Attributes } from '../core/testing/policy';
import { addresses, type SynthesisedStack } from '../core/testing/synthesise';
import { consumersOf } from './machine-consumers';
import { BROKERS, EVENT_HUBS, EVERYTHING, only, synthesiseAzure } from './testing/azure-stack';

const dev = synthesiseAzure();
const hubs = synthesiseAzure(EVENT_HUBS);
const closed = synthesiseAzure({
  ...EVERYTHING,
  TSDB_DEPLOY_EVENT_HUBS: 'premium',
});

const all = (stack: SynthesisedStack, type: string) =>
  Object.values(stack.resource[`azurerm_${type}`] ?? {}) as Attributes[];

describe('Event Hubs', () => {
  it('add these resources, and a topic for the dead letters of each topic', () => {
    expect(addresses(dev).filter((address) => !addresses(hubs).includes(address))).toEqual([]);
    expect(addresses(hubs).filter((address) => !addresses(dev).includes(address))).toMatchInlineSnapshot(`
      [
        "azurerm_eventhub.event-hubs_bsscustomermetrics_12CA9239",
        "azurerm_eventhub.event-hubs_bsscustomermetricsdlq_1BB5E425",
        "azurerm_eventhub.event-hubs_bssordermetrics_0B17921E",
        "azurerm_eventhub.event-hubs_bssordermetricsdlq_2850620D",
        "azurerm_eventhub.event-hubs_bsspaymentmetrics_1885CA12",
        "azurerm_eventhub.event-hubs_bsspaymentmetricsdlq_9C40E920",
        "azurerm_eventhub_namespace.event-hubs_namespace_E20D3471",
        "azurerm_monitor_diagnostic_setting.monitoring_event-hubs-audit_577D045E",
        "azurerm_monitor_metric_alert.alerts_event-hubs-busy_E038DC69",
        "azurerm_role_assignment.access_reads-topics_B7C6BC79",
        "azurerm_role_assignment.access_writes-bsscustomermetricsdlq_B058CB88",
        "azurerm_role_assignment.access_writes-bssordermetricsdlq_6958F33C",
        "azurerm_role_assignment.access_writes-bsspaymentmetricsdlq_0BDF4D4D",
      ]
    `);
  });

  it('speak TLS 1.2 with identities only, and their topics keep records for a week', () => {
    expect(only(hubs, 'eventhub_namespace')).toMatchObject({
      name: expect.stringMatching(/^evhns-tsdb-\$\{/),
      sku: 'Standard',
      capacity: 1,
      auto_inflate_enabled: false,
      minimum_tls_version: '1.2',
      local_authentication_enabled: false,
      lifecycle: { prevent_destroy: true },
    });
    for (const hub of all(hubs, 'eventhub'))
      expect(hub).toMatchObject({
        partition_count: 6,
        retention_description: { cleanup_policy: 'Delete', retention_time_in_hours: 168 },
        lifecycle: { prevent_destroy: true },
      });
    const unprotected = synthesiseAzure({
      ...EVENT_HUBS,
      TSDB_DEPLOY_PROTECT_DATA: 'false',
    });
    for (const type of ['eventhub', 'eventhub_namespace'])
      for (const resource of all(unprotected, type))
        expect(resource.lifecycle).toMatchObject({ prevent_destroy: false });
  });

  it('let in the subnet of the machine and the networks that are named', () => {
    const { network_rulesets, public_network_access_enabled } = only(hubs, 'eventhub_namespace');
    expect(public_network_access_enabled).toBe(true);
    expect(network_rulesets).toEqual([
      {
        default_action: 'Deny',
        ip_rule: [{ action: 'Allow', ip_mask: '203.0.113.0/24' }],
        public_network_access_enabled: true,
        trusted_service_access_enabled: false,
        virtual_network_rule: [
          {
            ignore_missing_virtual_network_service_endpoint: false,
            subnet_id: expect.stringContaining('azurerm_subnet.network_'),
          },
        ],
      },
    ]);
    expect(only(hubs, 'subnet').service_endpoints).toContain('Microsoft.EventHub');
    expect(only(dev, 'subnet').service_endpoints).not.toContain('Microsoft.EventHub');
  });

  it('are closed to the world with private endpoints, and reached there on the port of Kafka', () => {
    expect(only(closed, 'eventhub_namespace')).toMatchObject({
      sku: 'Premium',
      public_network_access_enabled: false,
      network_rulesets: [
        {
          default_action: 'Deny',
          ip_rule: [],
          public_network_access_enabled: false,
          virtual_network_rule: [],
        },
      ],
    });
    expect(all(closed, 'private_dns_zone').map(({ name }) => name)).toContain(
      'privatelink.servicebus.windows.net',
    );
    expect(all(closed, 'private_endpoint')).toContainEqual(
      expect.objectContaining({
        private_service_connection: expect.objectContaining({
          private_connection_resource_id: expect.stringContaining('azurerm_eventhub_namespace.'),
          subresource_names: ['namespace'],
        }),
      }),
    );
    const endpoints = (stack: SynthesisedStack) =>
      all(stack, 'network_security_group')
        .flatMap(({ name, security_rule }) =>
          String(name).includes('endpoints') ? (security_rule as Attributes[]) : [],
        )
        .map(({ name, destination_port_range }) => [name, destination_port_range]);
    expect(endpoints(closed)).toEqual([
      ['allow-https', '443'],
      ['allow-kafka', '9093'],
      ['deny-the-rest', '*'],
    ]);
    expect(endpoints(synthesiseAzure(EVERYTHING))).not.toContainEqual(['allow-kafka', '9093']);
    expect(closed.text).not.toContain('Microsoft.EventHub"]');
  });

  it('are raised by Azure up to a maximum, which the next deployment leaves alone', () => {
    const grown = synthesiseAzure({
      ...EVENT_HUBS,
      TSDB_DEPLOY_EVENT_HUBS_MAX_UNITS: '8',
    });
    expect(only(grown, 'eventhub_namespace')).toMatchObject({
      auto_inflate_enabled: true,
      maximum_throughput_units: 8,
      lifecycle: { ignore_changes: ['capacity'] },
    });
    expect(only(hubs, 'eventhub_namespace').lifecycle).not.toHaveProperty('ignore_changes');
  });

  it('let the machine read every topic and write the dead letters, and nothing else', () => {
    const roles = all(hubs, 'role_assignment')
      .filter(({ role_definition_name }) => String(role_definition_name).includes('Event Hubs'))
      .map(({ role_definition_name, scope, principal_id }) => {
        expect(principal_id).toMatch(/azurerm_linux_virtual_machine\./);
        return `${role_definition_name} on ${String(scope).replace(
          /^\$\{azurerm_|_[0-9A-F]{8}\.id\}$/g,
          '',
        )}`;
      });
    expect(roles.sort()).toEqual([
      'Azure Event Hubs Data Receiver on eventhub_namespace.event-hubs_namespace',
      'Azure Event Hubs Data Sender on eventhub.event-hubs_bsscustomermetricsdlq',
      'Azure Event Hubs Data Sender on eventhub.event-hubs_bssordermetricsdlq',
      'Azure Event Hubs Data Sender on eventhub.event-hubs_bsspaymentmetricsdlq',
    ]);
  });

  it('are there before the release that reads them, and their address is in the user data of the machine', () => {
    const { depends_on } = only(hubs, 'virtual_machine_run_command') as {
      depends_on: string[];
    };
    expect(depends_on.filter((address) => address.startsWith('azurerm_eventhub.'))).toHaveLength(3);
    expect(only(hubs, 'linux_virtual_machine').user_data).toMatch(
      /"kafkaBrokers" = join\("", \[azurerm_eventhub_namespace\.[\w-]+\.name, "\.servicebus\.windows\.net:9093"\]\)/,
    );
    expect(only(dev, 'linux_virtual_machine').user_data).not.toContain('kafkaBrokers');
    expect(hubs.output.kafka_brokers?.value).toMatch(/\.servicebus\.windows\.net:9093"/);
  });

  it('are watched: what they refuse is logged, and somebody is told when they delay requests', () => {
    const logs = (stack: SynthesisedStack) =>
      all(stack, 'monitor_diagnostic_setting')
        .filter(({ target_resource_id }) => String(target_resource_id).includes('eventhub'))
        .map(({ enabled_log }) => (enabled_log as Attributes[]).map(({ category }) => category));
    const standard = ['OperationalLogs', 'EventHubVNetConnectionEvent', 'KafkaUserErrorLogs'];
    expect(logs(hubs)).toEqual([standard]);
    expect(logs(closed)).toEqual([[...standard, 'RuntimeAuditLogs']]);
    expect(all(hubs, 'monitor_metric_alert')).toContainEqual(
      expect.objectContaining({
        criteria: [
          expect.objectContaining({
            metric_name: 'ThrottledRequests',
            threshold: 0,
          }),
        ],
      }),
    );
  });

  it('are locked with the other data, where that is asked for', () => {
    const scopes = all(closed, 'management_lock').map(({ scope }) => String(scope));
    expect(scopes).toHaveLength(4);
    expect(scopes).toContainEqual(expect.stringContaining('azurerm_eventhub_namespace.'));
  });
});

describe('the consumers of the machine', () => {
  it('are none without a broker, and then nothing about the machine changes', () => {
    expect(consumersOf(readConfig({}))).toEqual([]);
  });

  it('log in to Event Hubs with the identity of the machine, and write letters without transactions', () => {
    const [kafka, ...others] = consumersOf(readConfig(EVENT_HUBS));
    expect(others).toEqual([]);
    expect(kafka).toMatchObject({
      kind: 'kafka',
      environment: {
        TSDB_KAFKA_TLS: 'on',
        TSDB_KAFKA_SASL: 'azure',
        TSDB_KAFKA_DEAD_LETTERS: 'at-least-once',
        TSDB_KAFKA_GROUP: 'timescale-ingest',
      },
      secrets: {},
      ports: [9093],
      hasIdentity: true,
      usesEventHubs: true,
    });
    const letters = {
      ...EVENT_HUBS,
      TSDB_DEPLOY_KAFKA_DEAD_LETTERS: 'database',
    };
    expect(consumersOf(readConfig(letters))[0]?.environment.TSDB_KAFKA_DEAD_LETTERS).toBe('database');
  });

  it('get the files that their brokers ask for, and may read those secrets of the vault only', () => {
    const [kafka, mqtt] = consumersOf(readConfig(BROKERS));
    const announced = consumersOf(readConfig({ ...BROKERS, TSDB_DEPLOY_STREAM_PORTS: '19092' }))[0];
    expect(announced?.ports).toEqual([9093, 9094, 443, 19092]);
    expect(kafka).toMatchObject({
      environment: {
        TSDB_KAFKA_BROKERS: 'kafka-0.example.org:9093,kafka-1.example.org:9094',
        TSDB_KAFKA_SASL: 'plain',
        TSDB_KAFKA_USERNAME: '$ConnectionString',
        TSDB_KAFKA_PASSWORD_FILE: '/run/secrets/kafka-password',
        TSDB_KAFKA_CA_FILE: '/run/secrets/kafka-ca',
        TSDB_SCHEMA_REGISTRY_PASSWORD_FILE: '/run/secrets/registry-password',
        TSDB_KAFKA_DEAD_LETTERS: 'exactly-once',
      },
      secrets: {
        'kafka-password': 'plant-kafka',
        'kafka-ca': 'plant-ca',
        'registry-password': 'registry-password',
      },
      ports: [9093, 9094, 443],
      hasIdentity: false,
    });
    expect(mqtt).toMatchObject({
      environment: {
        TSDB_MQTT_CLIENT_ID: 'tsdb-dev',
        TSDB_MQTT_CERT_FILE: '/run/secrets/mqtt-cert',
        TSDB_MQTT_KEY_FILE: '/run/secrets/mqtt-key',
        TSDB_MQTT_PASSWORD_FILE: '/run/secrets/mqtt-password',
      },
      ports: [8883],
    });
    const readable = all(synthesiseAzure(BROKERS), 'role_assignment')
      .map(({ scope, role_definition_name }) => [
        role_definition_name,
        /\/secrets\/(.+)$/.exec(String(scope))?.[1],
      ])
      .filter(([, secret]) => secret !== undefined);
    expect(readable.sort()).toEqual(
      ['mqtt-password', 'plant-ca', 'plant-cert', 'plant-kafka', 'plant-key', 'registry-password'].map(
        (name) => ['Key Vault Secrets User', name],
      ),
    );
    expect(synthesiseAzure(BROKERS).resource).not.toHaveProperty('azurerm_eventhub_namespace');
  });
});
