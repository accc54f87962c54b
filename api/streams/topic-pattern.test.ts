import fc from 'fast-check';
import { topicFilter, topicMatches } from './topic-pattern';

const PATTERN = 'plant/{site}/{sensor_id}/temperature';

describe('patterns of MQTT topics', () => {
  it('give the levels that they name', () => {
    const levels = topicMatches(PATTERN)('plant/graz/press 7/temperature');
    expect(Object.fromEntries(levels ?? [])).toEqual({ site: 'graz', sensor_id: 'press 7' });
    expect(topicMatches('a/b')('a/b')?.size).toBe(0);
    expect(topicMatches('a/{x}')('a/')?.get('x')).toBe('');
  });

  it.each([
    'plant/graz/7/humidity',
    'plant/graz/7',
    'plant/graz/7/temperature/raw',
    '/plant/graz/7/temperature',
    'PLANT/graz/7/temperature',
  ])('do not match %s', (topic) => {
    expect(topicMatches(PATTERN)(topic)).toBeUndefined();
  });

  it('do not match the topics of the broker itself where they begin with a name', () => {
    expect(topicMatches('{a}/uptime')('$SYS/uptime')).toBeUndefined();
    expect(topicMatches('{a}/uptime')('SYS/uptime')).toBeDefined();
  });

  it('are filters for the broker', () => {
    expect(topicFilter(PATTERN)).toBe('plant/+/+/temperature');
    expect(topicFilter('a/b')).toBe('a/b');
  });

  it('give back what a topic was made of', () => {
    const level = fc.string().filter((text) => !text.includes('/') && !text.startsWith('$'));
    fc.assert(
      fc.property(level, level, (site, sensor) => {
        const levels = topicMatches('{site}/x/{sensor}')(`${site}/x/${sensor}`);
        expect([levels?.get('site'), levels?.get('sensor')]).toEqual([site, sensor]);
      }),
    );
  });
});
