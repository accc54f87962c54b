// The code behind each command, loaded when it runs.

// Loading all of them would cost each run 40 MB and half a second.
export const load = {
  advise: () => require('../commands/advise') as typeof import('../commands/advise'),
  apply: () => require('../commands/apply') as typeof import('../commands/apply'),
  backup: () => require('../commands/backup') as typeof import('../commands/backup'),
  bench: () => require('../commands/bench') as typeof import('../commands/bench'),
  compress: () => require('../commands/compress') as typeof import('../commands/compress'),
  consume: () => require('../commands/consume') as typeof import('../commands/consume'),
  delete: () => require('../commands/delete') as typeof import('../commands/delete'),
  export: () => require('../commands/export') as typeof import('../commands/export'),
  import: () => require('../commands/import') as typeof import('../commands/import'),
  jobs: () => require('../commands/jobs') as typeof import('../commands/jobs'),
  keys: () => require('../commands/keys') as typeof import('../commands/keys'),
  logins: () => require('../commands/logins') as typeof import('../commands/logins'),
  move: () => require('../commands/move') as typeof import('../commands/move'),
  newSet: () => require('../commands/new-set') as typeof import('../commands/new-set'),
  plan: () => require('../commands/plan') as typeof import('../commands/plan'),
  produce: () => require('../commands/produce') as typeof import('../commands/produce'),
  refresh: () => require('../commands/refresh') as typeof import('../commands/refresh'),
  replay: () => require('../commands/replay') as typeof import('../commands/replay'),
  restore: () => require('../commands/restore') as typeof import('../commands/restore'),
  seed: () => require('../commands/seed') as typeof import('../commands/seed'),
  serve: () => require('../commands/serve') as typeof import('../commands/serve'),
  status: () => require('../commands/status') as typeof import('../commands/status'),
  up: () => require('../commands/up') as typeof import('../commands/up'),
};
