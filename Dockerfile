# The application image: every `tsdb` command but `up`, and the API. Build from the repository's root:
#   docker build --tag registry.example/tsdb:1 .
# The base is that of infra/core/pins.ts, so that the machine and the cluster run the same Node.
ARG NODE_IMAGE=node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe

FROM ${NODE_IMAGE} AS program
WORKDIR /src
COPY package.json package-lock.json ./
# No package that goes into the program has an install script that it needs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node --import tsx scripts/bundle.ts /app

# The distribution's package of the client programs depends on Perl; the two that are used do not.
FROM ${NODE_IMAGE} AS client
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-17

FROM ${NODE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="timescaledb-as-code" \
  org.opencontainers.image.description="tsdb: plans and applies the declared schema, serves the API, backs up" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
# Libraries of the client programs. Package managers have no task in a running container. Logs and caches would make each build
# another image.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libpq5 liblz4-1 libzstd1 zlib1g \
  && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/* /usr/local/lib/node_modules /opt/yarn-* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg
COPY --from=client /usr/lib/postgresql/17/bin/pg_dump /usr/lib/postgresql/17/bin/pg_restore /usr/local/bin/
COPY --from=program /app /app
# A build whose programs do not start ends here, not in a cluster.
RUN ln -s /app/tsdb.js /usr/local/bin/tsdb && tsdb --help >/dev/null && pg_dump --version && pg_restore --version
ENV NODE_ENV=production HOST=0.0.0.0
# The only writable folder when the root file system is read-only.
WORKDIR /tmp
# Any user but root: nothing in the image belongs to it, and numbers can be checked by the cluster.
USER 10001:10001
EXPOSE 5000
ENTRYPOINT []
CMD ["tsdb", "serve"]
