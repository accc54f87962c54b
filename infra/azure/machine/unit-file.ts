// Renders a systemd unit.

/** The text of a unit: its sections, each with its lines. */
export function unitFile(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
}
