import type { DatabaseAddress } from '../../db/server/database-address';
import { readAddresses } from './read-addresses';

const URL_FORM = { connectionString: 'postgres://me:s%2Fecret@db:5433/tsdb?sslmode=require' };
const PARTS = { host: 'db', port: 5433, user: 'me', database: 'tsdb', passwordFile: '/run/password' };

function read(text: string, primary: DatabaseAddress = URL_FORM) {
  const faults: string[] = [];
  return { addresses: readAddresses(text, primary, faults), faults };
}

describe('readAddresses', () => {
  it('takes from DATABASE_URL what an address leaves out', () => {
    expect(read('postgres://a, postgres://you:their%2Csecret@b:6000/other?x=1')).toEqual({
      addresses: [
        { name: 'a:5432', address: { connectionString: 'postgres://me:s%2Fecret@a/tsdb?sslmode=require' } },
        {
          name: 'b:6000',
          address: { connectionString: 'postgres://you:their%2Csecret@b:6000/other?x=1' },
        },
      ],
      faults: [],
    });
  });

  it('gives the password of one user to no other', () => {
    expect(read('postgres://you@a').addresses[0]?.address).toEqual({
      connectionString: 'postgres://you@a/tsdb?sslmode=require',
    });
  });

  it('reads the password file of the PG… variables for standbys, too', () => {
    expect(read('postgres://[::1]:6000', PARTS).addresses).toEqual([
      { name: '[::1]:6000', address: { ...PARTS, host: '::1', port: 6000 } },
    ]);
    expect(read('postgres://you:secret@a', PARTS).addresses[0]?.address).toEqual({
      connectionString: 'postgres://you:secret@a/tsdb',
    });
  });

  it.each([
    ['standby:5432', URL_FORM],
    ['postgres://you:a@b@c:x', URL_FORM],
    ['postgres://secret@a', PARTS],
    ['postgres://a?sslmode=require', PARTS],
  ])('reports %s, without its password', (text, primary) => {
    const { addresses, faults } = read(`postgres://a,${text}`, primary);
    expect(addresses).toHaveLength(1);
    expect(faults).toEqual([expect.stringMatching(/^TSDB_READ_URLS: address 2 (is not a URL|needs a user)/)]);
    expect(faults[0]).not.toContain('secret');
  });

  it('is empty without addresses', () => expect(read(' , ')).toEqual({ addresses: [], faults: [] }));
});
