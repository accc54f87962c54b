// The rooms of db/ and api/ in layers, lowest first: a room imports from its own layer and from those below it. The layout rules
// (.dependency-cruiser.cjs) are made from this list, and a test holds the picture in ARCHITECTURE.md to it.
module.exports = {
  db: [
    ['core'],
    ['language'],
    ['model.ts'],
    ['schema'],
    ['lint'],
    ['server'],
    ['cluster'],
    ['kinds'],
    ['engines'],
    ['reconcile'],
    ['upkeep', 'logins', 'local'],
  ],
  api: [
    ['http'],
    ['database'],
    [
      'config.ts',
      'parts.ts',
      'failures.ts',
      'access',
      'alerts',
      'buffer',
      'compat',
      'ingest',
      'operations',
      'routes',
      'sensors',
      'series',
      'streams',
    ],
    ['app.ts'],
    ['server.ts'],
    ['main.ts'],
  ],
};
