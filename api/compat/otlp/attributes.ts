// Attributes as tags: a text for every kind of value, as OpenTelemetry writes them for systems that have only texts.
import type { AnyValue, KeyValue } from './messages';

/** Tags of a point. */
export type Tags = readonly (readonly [key: string, text: string])[];

/** The attributes as tags. */
export const tagsOf = (attributes: readonly KeyValue[] = [], prefix = ''): Tags =>
  attributes.map(({ key = '', value }) => [`${prefix}${key}`, textOf(value)]);

/** The value as a text: texts as they are, lists and maps as JSON, bytes in base64, no value as an empty text. */
function textOf(value: AnyValue = {}): string {
  const plain = plainOf(value);
  if (typeof plain === 'string') return plain;
  return typeof plain === 'object' ? jsonOf(plain) : String(plain);
}

/** What a value is: whole numbers stay exact, so they are bigint. */
type Plain = string | boolean | bigint | number | readonly Plain[] | ReadonlyMap<string, Plain>;

function plainOf(value: AnyValue = {}): Plain {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
  if (arrayValue) return (arrayValue.values ?? []).map(plainOf);
  if (kvlistValue)
    return new Map((kvlistValue.values ?? []).map(({ key = '', value: member }) => [key, plainOf(member)]));
  return stringValue ?? boolValue ?? intValue ?? doubleValue ?? bytesValue?.toString('base64') ?? '';
}

function jsonOf(plain: Plain): string {
  if (plain instanceof Map)
    return `{${[...plain].map(([key, member]) => `${JSON.stringify(key)}:${jsonOf(member)}`).join(',')}}`;
  if (Array.isArray(plain)) return `[${plain.map(jsonOf).join(',')}]`;
  // JSON has no word for a number that is not finite.
  if (typeof plain === 'number' && !Number.isFinite(plain)) return JSON.stringify(String(plain));
  return typeof plain === 'string' ? JSON.stringify(plain) : String(plain);
}

/** The attributes that a resource and a scope give to all their data points. */
export function sharedTags(
  resource: readonly KeyValue[] | undefined,
  scope: { readonly name?: string; readonly version?: string; readonly attributes?: readonly KeyValue[] },
): Tags {
  const { name = '', version = '', attributes } = scope;
  return [
    ...tagsOf(resource),
    ...(name === '' ? [] : [['otel.scope.name', name] as const]),
    ...(version === '' ? [] : [['otel.scope.version', version] as const]),
    ...tagsOf(attributes, 'otel.scope.'),
  ];
}

/** The tags of a data point. Where it has an attribute of the resource, that of the resource is `resource.KEY`. */
export function joinedTags(shared: Tags, own: Tags): Tags {
  const keys = new Set(own.map(([key]) => key));
  return [
    ...shared.map((tag): Tags[number] => (keys.has(tag[0]) ? [`resource.${tag[0]}`, tag[1]] : tag)),
    ...own,
  ];
}
