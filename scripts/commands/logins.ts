// tsdb logins: makes the login roles that applying, serving, watching and backing up need, with passwords from files.
import { ensureLogins, type LoginsReport } from '../../db/logins/logins';
import { readLoginPasswords } from '../../db/logins/passwords';
import { readContext, requireConnection } from '../context';
import { note, print, printJson } from '../output';

/** Makes or corrects the logins. Passwords are never printed. */
export async function logins(flags: {
  readonly passwords: string;
  readonly json?: boolean;
}): Promise<number> {
  const { config, desired } = readContext();
  const passwords = readLoginPasswords(flags.passwords);
  const report = await ensureLogins(requireConnection(config), desired, {
    passwords,
    lockWaitMs: config.lockWaitMs,
  });
  for (const text of report.notes) note(text);
  if (flags.json) printJson(report);
  else print(formatLogins(report));
  return 0;
}

function formatLogins({ logins: made, groups }: LoginsReport): string {
  return [
    ...groups.map((name) => `${name}: group role created`),
    ...made.map(
      ({ role, changes }) => `${role}: ${changes.length === 0 ? 'nothing to change' : changes.join('; ')}`,
    ),
  ].join('\n');
}
