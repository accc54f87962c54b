import { readLetterPosition, writeLetterPosition } from './dead-letters';

const position = {
  received_at: '2026-11-20T00:00:00.000001Z',
  line: 3,
  id: '123e4567-e89b-42d3-a456-426614174000',
};
const forged = (...content: readonly unknown[]) => Buffer.from(JSON.stringify(content)).toString('base64url');

describe('cursors of dead letters', () => {
  it('keep their text, as clients hold them', () => {
    const cursor =
      'WyIyMDI2LTExLTIwVDAwOjAwOjAwLjAwMDAwMVoiLDMsIjEyM2U0NTY3LWU4OWItNDJkMy1hNDU2LTQyNjYxNDE3NDAwMCIsIlNJaE43SDQtcEN5WlctVWEiXQ';
    expect(writeLetterPosition('/a?b=1', position)).toBe(cursor);
    expect(readLetterPosition('/a?b=1', cursor)).toEqual(position);
  });

  it('serve no other question, and are refused when damaged', () => {
    const { received_at, line, id } = position;
    const cursors = [
      writeLetterPosition('/b', position),
      forged('yesterday', line, id, 'x'),
      forged(received_at, 2 ** 31, id, 'x'),
      forged(received_at, 1.5, id, 'x'),
      forged(received_at, line, 'x', 'x'),
      '',
    ];
    for (const cursor of cursors)
      expect(() => readLetterPosition('/a?b=1', cursor)).toThrow(
        expect.objectContaining({ problem: 'bad-cursor' }),
      );
  });
});
