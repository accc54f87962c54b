// The systemd units that come with a release: start at boot, firewall, timers (pure).
import { DATA_PATHS } from './machine-layout';
import { backupKind, type ReleaseProps } from './release-props';
import { unitFile } from './unit-file';

const CURRENT = `${DATA_PATHS.dataDisk}/current`;

/** `%i` is the kind of backup. The alerts find its lines in the log by the tag. */
const BACKUP = service('Backup of the database: %i', `${CURRENT}/backup.sh %i`, 'tsdb-backup', '12h');

/** What the timers run, and when (UTC). A random delay keeps many machines from using the storage at the same time. */
const BACKUP_TIMERS: Readonly<Record<'pgbackrest' | 'dump' | 'off', Readonly<Record<string, string>>>> = {
  pgbackrest: {
    full: 'Sun 01:00',
    diff: 'Mon..Sat 01:00',
    verify: 'Sat 04:00',
  },
  dump: { dump: '01:00' },
  off: {},
};

/** Units by file name. They run what `current` points to, which is always the release in service. */
export function releaseUnits(props: ReleaseProps): Readonly<Record<string, string>> {
  const timers = Object.entries(BACKUP_TIMERS[backupKind(props)]);
  return {
    'tsdb.service': START,
    'tsdb-firewall.service': FIREWALL,
    'tsdb-health.service': service('Health of the platform', `${CURRENT}/health.sh`, 'tsdb-health', '2min'),
    'tsdb-health.timer': timer('Health of the platform', ['OnBootSec=5min', 'OnUnitActiveSec=5min']),
    ...(props.managed === undefined ? {} : JOBS),
    ...(timers.length === 0 ? {} : { 'tsdb-backup@.service': BACKUP }),
    ...Object.fromEntries(
      timers.map(([kind, when]) => [
        `tsdb-backup-${kind}.timer`,
        timer(`Backup of the database: ${kind}`, [
          `OnCalendar=${when} UTC`,
          'RandomizedDelaySec=10min',
          // A machine that was off at that time runs it once it is on again.
          'Persistent=true',
          `Unit=tsdb-backup@${kind}.service`,
        ]),
      ]),
    ),
  };
}

/** A database that a service runs is of an engine without a scheduler: refresh and retention would never run. */
const JOBS = {
  'tsdb-jobs.service': service('Due jobs of the database', `${CURRENT}/jobs.sh`, 'tsdb-jobs', '2h'),
  'tsdb-jobs.timer': timer('Due jobs of the database', ['OnBootSec=5min', 'OnUnitActiveSec=1min']),
};

const START = unitFile({
  Unit: [
    'Description=TimescaleDB and its API',
    'Wants=network-online.target docker.service tsdb-firewall.service',
    'Requires=tsdb-disk.service',
    'After=network-online.target docker.service tsdb-disk.service tsdb-firewall.service',
    // Without the mounted data disk nothing starts, so data is never written to the system disk.
    `RequiresMountsFor=${DATA_PATHS.dataDisk}`,
    `ConditionPathIsMountPoint=${DATA_PATHS.dataDisk}`,
  ],
  Service: [
    'Type=oneshot',
    'RemainAfterExit=yes',
    'TimeoutStartSec=45min',
    `ExecStart=${CURRENT}/start.sh`,
    `ExecStop=/usr/bin/docker compose --project-name tsdb --file ${CURRENT}/compose.yaml stop --timeout 120`,
    // Tries again when the vault or a registry is out of reach for a while.
    'Restart=on-failure',
    'RestartSec=30',
  ],
  Install: ['WantedBy=multi-user.target'],
});

const FIREWALL = unitFile({
  Unit: [
    'Description=Metadata endpoint closed to containers',
    'Requires=tsdb-disk.service',
    'After=tsdb-disk.service',
    'Before=docker.service',
  ],
  Service: ['Type=oneshot', 'RemainAfterExit=yes', `ExecStart=${CURRENT}/firewall.sh`],
  Install: ['WantedBy=multi-user.target'],
});

function service(description: string, command: string, tag: string, longest: string): string {
  return unitFile({
    Unit: [`Description=${description}`, `ConditionPathIsMountPoint=${DATA_PATHS.dataDisk}`],
    Service: [
      'Type=oneshot',
      `ExecStart=${command}`,
      `SyslogIdentifier=${tag}`,
      `TimeoutStartSec=${longest}`,
    ],
  });
}

function timer(description: string, lines: readonly string[]): string {
  return unitFile({
    Unit: [`Description=${description}`],
    Timer: lines,
    Install: ['WantedBy=timers.target'],
  });
}
