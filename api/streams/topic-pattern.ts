// Patterns of MQTT topics: `plant/{site}/{sensor_id}/temperature`, where a name in braces stands for one level.
import { levelName } from '../../db/language/stream';

/** The levels of a topic by the names of the pattern; undefined when the topic does not match. */
export function topicMatches(pattern: string): (topic: string) => ReadonlyMap<string, string> | undefined {
  const levels = pattern.split('/').map((text) => ({ text, name: levelName(text) }));
  return (topic) => {
    const found = topic.split('/');
    if (found.length !== levels.length) return undefined;
    // A filter that begins with a wildcard does not match the topics of the broker itself, such as $SYS/uptime.
    if (topic.startsWith('$') && levels[0]?.name !== undefined) return undefined;
    const named = new Map<string, string>();
    for (const [at, { text, name }] of levels.entries()) {
      const level = found[at] as string;
      if (name !== undefined) named.set(name, level);
      else if (level !== text) return undefined;
    }
    return named;
  };
}

/** The filter that a broker knows a pattern by: `plant/+/+/temperature`. */
export const topicFilter = (pattern: string): string =>
  pattern
    .split('/')
    .map((level) => (levelName(level) === undefined ? level : '+'))
    .join('/');
