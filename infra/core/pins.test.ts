import { IMAGE_FLAVOURS, type ImageFlavour } from './pins';

describe.each(Object.entries<ImageFlavour>(IMAGE_FLAVOURS))('image flavour %s', (_name, flavour) => {
  it('keeps PGDATA below the data mount, never in it', () => {
    expect(flavour.pgdata.startsWith(`${flavour.dataMount}/`)).toBe(true);
  });

  it('does not run as root', () => {
    expect(Math.min(flavour.uid, flavour.gid)).toBeGreaterThan(0);
  });

  it('is pinned to a version of TimescaleDB and a major version of PostgreSQL', () => {
    expect(flavour.image).toMatch(/:.*\d+\.\d+\.\d+/);
    expect(flavour.image).toMatch(/pg\d+/);
  });
});
