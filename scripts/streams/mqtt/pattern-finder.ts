// Which of the declared patterns a topic belongs to.
import { topicMatches } from '../../../api/streams/topic-pattern';

/** Most topics that are remembered; a plant has thousands, and each of them is used again and again. */
const MOST_REMEMBERED = 50_000;

/** Finds the pattern of a topic; undefined when none matches. No topic matches two of them (lint rule TS026). */
export function patternFinder(patterns: readonly string[]): (topic: string) => string | undefined {
  const matchers = patterns.map((pattern) => ({ pattern, matches: topicMatches(pattern) }));
  const known = new Map<string, string | undefined>();
  return (topic) => {
    if (known.has(topic)) return known.get(topic);
    const found = matchers.find(({ matches }) => matches(topic) !== undefined)?.pattern;
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(topic, found);
    return found;
  };
}
