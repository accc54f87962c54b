// Takes the values out of a Secret before it is converted (pure).

type Attributes = Readonly<Record<string, unknown>>;

const CONTENT = /^(binary_)?data(_wo)?$/;

/**
 * The attributes of a Secret that may be shown, and the sorted keys of the values that were left out. All values are
 * left out, as those that are drawn while applying are not known yet, and others must not be printed. The one exception is
 * the user name that goes with a password: it is not secret, and Kubernetes refuses a Secret of type basic-auth without it.
 */
export function withoutContent(secret: Attributes): {
  readonly attributes: Attributes;
  readonly secretKeys: readonly string[];
} {
  const shown = Object.entries(secret).filter(([attribute]) => !CONTENT.test(attribute));
  const content = Object.entries(secret)
    .filter(([attribute]) => CONTENT.test(attribute))
    .flatMap(([, values]) => Object.entries(values as Attributes));
  const userName = content.find(([key, value]) => key === 'username' && !String(value).includes('${'));
  if (userName !== undefined) shown.push(['string_data', Object.fromEntries([userName])]);
  const hidden = content.filter((entry) => entry !== userName);
  return { attributes: Object.fromEntries(shown), secretKeys: hidden.map(([key]) => key).sort() };
}
