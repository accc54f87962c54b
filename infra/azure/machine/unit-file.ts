// Renders a systemd unit.

/** The text of a unit, from its sections and their lines. */
export function unitFile(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
}
