# A production host: `docker build -t workflow-worker-service .`, configured by the environment alone (docs/configuration.md).
# The version is that of the npm package of Node 26 in package.json: its permission model is a wall of the cells.
ARG NODE_VERSION=26.10.0

FROM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing that is installed runs a script of its own. The image has its Node; those of the packages would be a second one.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-* node_modules/node-darwin-* node_modules/node-bin-*

FROM node:${NODE_VERSION}-bookworm-slim
# git reads the config project; npm, which comes with Node, installs what it depends on.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir -p /data /cache \
  && chown node:node /data /cache
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json package-lock.json .npmrc LICENSE ./
COPY sandbox sandbox
COPY registry registry
COPY plugins plugins
COPY host host
# Everything below /app belongs to root and is only read: the root file system may be mounted read-only. What is written
# goes to /data (projects, checkouts, code), /cache (made anew when it is empty) and /tmp.
# By number: Kubernetes does not know that a name is not root.
USER 1000:1000
ENV NODE_ENV=production \
  HOME=/tmp \
  npm_config_cache=/cache/npm \
  CLOISTER_DATA_DIR=/data/cloister \
  CLOISTER_CACHE_DIR=/cache/cloister
VOLUME ["/data", "/cache"]
EXPOSE 3011
# The host drains for 30 s and ends within 45 s: `docker stop --time 60`, terminationGracePeriodSeconds: 60.
STOPSIGNAL SIGTERM
# Whether the process lives. `/ready` would have a host ended, and its runs cut off, for an outage of Temporal or the database.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.WORKER_SERVICE_PORT || 3011}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "host/bootstrap.mjs"]
CMD ["start"]
