import { invocation } from './invocation';

// How the bundle calls itself is in scripts/bundle.db.test.ts.
it('is that of a clone in a clone', () => {
  expect(invocation('plan --out FILE')).toBe('npm run tsdb -- plan --out FILE');
});
