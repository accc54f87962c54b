// The image that dumps are made in: the program's own, with pg_dump of the database's version beside it.
import { createHash } from 'node:crypto';
import { NODE_IMAGE } from '../../core/pins';

/** Its recipe. The distribution of the base image has the client programs of PostgreSQL 17, which read 15 to 17. */
export const DUMP_DOCKERFILE = `FROM ${NODE_IMAGE}
RUN apt-get update \\
  && apt-get install --yes --no-install-recommends postgresql-client-17 \\
  && rm -rf /var/lib/apt/lists/*
`;

/** Made on the machine, once per recipe. */
export const DUMP_IMAGE = `tsdb-dump:${createHash('sha256').update(DUMP_DOCKERFILE).digest('hex').slice(0, 12)}`;
