import { addressesOf, readDatabaseAddress } from './database-address';

function read(env: Record<string, string>) {
  const faults: string[] = [];
  const address = readDatabaseAddress(env, faults);
  return { addresses: address ? addressesOf(address) : [], faults };
}

describe('addressesOf', () => {
  it('gives the URL at each host', () => {
    expect(read({ DATABASE_URL: 'postgres://me:a%2Cb@one:5433,two,[::1]:6000/x?sslmode=require' })).toEqual({
      addresses: [
        { connectionString: 'postgres://me:a%2Cb@one:5433/x?sslmode=require' },
        { connectionString: 'postgres://me:a%2Cb@two:5432/x?sslmode=require' },
        { connectionString: 'postgres://me:a%2Cb@[::1]:6000/x?sslmode=require' },
      ],
      faults: [],
    });
  });

  it.each([
    ['5433,5434', [5433, 5434]],
    ['5433', [5433, 5433]],
    ['', [5432, 5432]],
  ])('gives the PG… variables at each host, with the ports "%s"', (PGPORT, ports) => {
    const { addresses, faults } = read({ PGHOST: 'one,two', PGPORT });
    expect(addresses).toEqual([
      { host: 'one', port: ports[0], user: 'postgres', database: 'tsdb' },
      { host: 'two', port: ports[1], user: 'postgres', database: 'tsdb' },
    ]);
    expect(faults).toEqual([]);
  });

  it('is the address itself where there is one host', () => {
    expect(read({ DATABASE_URL: 'postgres://a,b:c,d@one/x' }).addresses).toEqual([
      { connectionString: 'postgres://a,b:c,d@one/x' },
    ]);
  });

  it.each(['postgres://one,/x', 'postgres://one,two:99999/x', 'postgres://one,t:w:o/x'])(
    'refuses %s',
    (DATABASE_URL) => {
      expect(read({ DATABASE_URL }).faults).toEqual([
        expect.stringMatching(/^DATABASE_URL: each of several hosts/),
      ]);
    },
  );
});
