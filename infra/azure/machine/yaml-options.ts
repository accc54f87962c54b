// How YAML is written for cloud-init and Docker Compose.

/** Quotes values that YAML 1.1, which cloud-init reads, takes for numbers or booleans: 0644, 10:20, off. */
export const YAML_OPTIONS = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
