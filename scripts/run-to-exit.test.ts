import { RefusedError } from '../db/core/errors';
import { databaseReason, runner } from './run-to-exit';

describe('untilSignal', () => {
  let said: string;
  let exit: jest.SpyInstance;
  beforeEach(() => {
    said = '';
    jest.useFakeTimers({ now: 0 });
    exit = jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    process.exitCode = undefined;
  });

  it('asks once to stop, takes what follows at once for the same key, and ends the process on a later one', async () => {
    const before = process.listenerCount('SIGINT');
    let finish = (_: number): void => undefined;
    let stop: AbortSignal | undefined;
    const running = runner.untilSignal((signal) => {
      stop = signal;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    process.emit('SIGINT');
    expect(stop?.aborted).toBe(true);
    jest.advanceTimersByTime(900);
    process.emit('SIGINT');
    expect(exit).not.toHaveBeenCalled();
    jest.advanceTimersByTime(200);
    process.emit('SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
    finish(0);
    await running;
    expect(process.exitCode).toBe(0);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('stops cleanly on %s', async (name) => {
    const before = process.listenerCount(name);
    await runner.untilSignal(async (signal) => {
      process.emit(name);
      return signal.aborted ? 7 : 8;
    });
    expect(process.exitCode).toBe(7);
    expect(process.listenerCount(name)).toBe(before);
  });

  it.each([
    [new RefusedError('interrupted before step 3; apply again'), 'interrupted before step 3; apply again\n'],
    [new DOMException('The operation was aborted', 'AbortError'), 'interrupted\n'],
  ])('says where work was interrupted and gives 130: %s', async (error, text) => {
    await runner.untilSignal(async () => {
      process.emit('SIGTERM');
      throw error;
    });
    expect({ code: process.exitCode, said }).toEqual({ code: 130, said: text });
  });

  it('gives the exit code of an error, and a stack only for our own bugs', async () => {
    await runner.toEnd(() => Promise.reject(new RefusedError('no')));
    expect({ code: process.exitCode, said }).toEqual({ code: 3, said: 'error: no\n' });
    await runner.toEnd(() => Promise.reject(new TypeError('a bug')));
    expect(process.exitCode).toBe(1);
    expect(said).toMatch(/error: a bug\nTypeError: a bug\n +at /);
  });
});

describe('databaseReason', () => {
  it('tells what the server said, with its code, detail and hint', () => {
    const error = Object.assign(new Error('no room'), {
      code: '53100',
      severity: 'ERROR',
      detail: 'disk is full',
      hint: 'make room',
    });
    expect(databaseReason(error)).toBe(
      'the database says: no room (SQLSTATE 53100; disk is full; make room)',
    );
  });

  it('points to the plan when the schema is not there', () => {
    const error = Object.assign(new Error('relation "x" does not exist'), {
      code: '42P01',
      severity: 'ERROR',
    });
    expect(databaseReason(error)).toMatch(
      /SQLSTATE 42P01\); has the schema been applied\? "npm run tsdb -- plan"/,
    );
  });

  it.each([
    'Connection terminated unexpectedly',
    'Client has encountered a connection error and is not queryable',
  ])('names a broken connection: %s', (message) => {
    expect(databaseReason(new Error(message))).toContain('the connection to the database broke');
  });

  it.each([
    new TypeError('x is not a function'),
    Object.assign(new Error('gone'), { code: 'ENOENT' }),
    undefined,
  ])('leaves other errors alone: %s', (error) => {
    expect(databaseReason(error)).toBeUndefined();
  });
});
