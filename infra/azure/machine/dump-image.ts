// The image for dumps: Node, as for the program, and pg_dump in the version of the database.
import { createHash } from 'node:crypto';
import { NODE_IMAGE } from '../../core/pins';

/** The base image's distribution has the client programs of PostgreSQL 17, which work with 15 to 17. */
export const DUMP_DOCKERFILE = `FROM ${NODE_IMAGE}
RUN apt-get update \\
  && apt-get install --yes --no-install-recommends postgresql-client-17 \\
  && rm -rf /var/lib/apt/lists/*
`;

/** The tag contains a hash of the Dockerfile, so the machine builds the image once for each version of it. */
export const DUMP_IMAGE = `tsdb-dump:${createHash('sha256').update(DUMP_DOCKERFILE).digest('hex').slice(0, 12)}`;
