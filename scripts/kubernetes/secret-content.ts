// Takes what is secret out of a Secret, before anybody looks at it (pure).

type Attributes = Readonly<Record<string, unknown>>;

const CONTENT = /^(binary_)?data(_wo)?$/;

export interface WithoutContent {
  /** The attributes that may be shown. */
  readonly attributes: Attributes;
  /** Keys whose values were left out, sorted. */
  readonly secretKeys: readonly string[];
}

/**
 * Leaves out all values: one that is drawn while applying is not known here, and any other would be on the screen. But for
 * the name that goes with a password: it is no secret, and a Secret of type basic-auth is refused without it.
 */
export function withoutContent(secret: Attributes): WithoutContent {
  const entries = Object.entries(secret);
  const open = entries.filter(([attribute]) => !CONTENT.test(attribute));
  const hidden = entries.filter(([attribute]) => CONTENT.test(attribute));
  const content = hidden.flatMap(([, values]) => Object.entries(values as Attributes));
  const names = content.filter(([key, value]) => key === 'username' && !String(value).includes('${'));
  return {
    attributes: {
      ...Object.fromEntries(open),
      ...(names.length === 0 ? {} : { string_data: Object.fromEntries(names) }),
    },
    secretKeys: content
      .map(([key]) => key)
      .filter((key) => !names.some(([name]) => name === key))
      .sort(),
  };
}
