// Records of Kafka as messages, whatever their headers are named.
import { messageFrom } from './record';

describe('the headers of a record', () => {
  const [one, two] = [Buffer.from('1'), Buffer.from('2')];
  const headersOf = (headers: object) =>
    messageFrom(
      { topic: 'topic', partition: 0 },
      { offset: '0', timestamp: '0', key: null, value: null, headers: headers as Record<string, Buffer> },
    ).headers;

  it.each([
    [
      'have one value or several',
      { a: one, b: [one, two] },
      [
        ['a', one],
        ['b', one],
        ['b', two],
      ],
    ],
    ['may have none', { a: null, b: [null, one] }, [['b', one]]],
    // So the library gives those whose names are members of every object.
    [
      'may be named as a member of every object',
      { constructor: [Object, one], ['__proto__']: [Object.prototype, two] },
      [
        ['constructor', one],
        ['__proto__', two],
      ],
    ],
  ])('%s', (_what, given, headers) => {
    expect(headersOf(given)).toEqual(headers);
  });
});
