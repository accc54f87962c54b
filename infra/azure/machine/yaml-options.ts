// How YAML is written for readers that are not ours.

/** Quotes what readers of YAML 1.1, such as cloud-init, take for a number or a boolean: 0644, 10:20, off. */
export const YAML_OPTIONS = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
