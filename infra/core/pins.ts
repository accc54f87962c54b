// What this deployment is pinned to: the Terraform version and the database images with their inner layout.

/** Terraform 1.11 introduced write-only arguments, which keep passwords out of the state. */
export const TERRAFORM_VERSION = '>= 1.11.0';

/** There are no generated classes for hashicorp/random: only its ephemeral password is used, through an override. */
export const RANDOM_PROVIDER = { source: 'hashicorp/random', version: '3.7.2' } as const;

/** The file layout of one family of TimescaleDB images. Mounting the wrong folder would silently lose data. */
export interface ImageFlavour {
  readonly image: string;
  /** The image's `postgres` user. Started as this user, the entrypoint needs neither root nor capabilities. */
  readonly uid: number;
  readonly gid: number;
  /** Folder that must be on the data volume. */
  readonly dataMount: string;
  /** Always below `dataMount`, because the top folder of a volume belongs to root and may contain `lost+found`. */
  readonly pgdata: string;
  readonly hasPgBackRest: boolean;
}

export const IMAGE_FLAVOURS = {
  alpine: {
    image: 'timescale/timescaledb:2.29.2-pg17',
    uid: 70,
    gid: 70,
    dataMount: '/var/lib/postgresql/data',
    pgdata: '/var/lib/postgresql/data/pgdata',
    hasPgBackRest: false,
  },
  ha: {
    image: 'timescale/timescaledb-ha:pg17.10-ts2.29.2',
    uid: 1000,
    gid: 1000,
    dataMount: '/home/postgres/pgdata',
    pgdata: '/home/postgres/pgdata/data',
    hasPgBackRest: true,
  },
} as const satisfies Record<string, ImageFlavour>;

/** Runs the built program on the machine. Tag and digest were published together. */
export const NODE_IMAGE =
  'node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe';

/** Terminates TLS in front of the API. Only the tag is pinned, because it is published again with other digests. */
export const CADDY_IMAGE = 'caddy:2.11.4-alpine';

/**
 * Pools connections to the database. It is what CloudNativePG 1.30 uses by itself. Only the tag is pinned, because it is published
 * again when its base has fixes.
 */
export const POOLER_IMAGE = 'ghcr.io/cloudnative-pg/pgbouncer:1.25.1';
