# One image for every role; the command says which, such as `up --role worker`. Redis is not in it.
# To pin the base to the byte: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:24-bookworm-slim

# What is installed depends on the manifests alone, so that a change of the code installs nothing anew.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /sluice
COPY . .
RUN find apps packages -type f ! -name package.json -delete

# The image brings the Node, so the optional packages that carry one stay out.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /sluice
COPY --from=manifests /sluice ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-update-notifier

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="Moves asset and vulnerability inventories into Qualys CSAM" \
  org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /sluice
COPY --from=dependencies /sluice/node_modules node_modules
COPY package.json ./
COPY packages packages
COPY apps apps
RUN ln -s /sluice/apps/sluice/bin/sluice /usr/local/bin/sluice
ENV NODE_ENV=production SLUICE_HEALTH_PORT=8081 NODE_COMPILE_CACHE=/tmp/sluice
USER node
# Without our code: a check must cost next to nothing on a machine that has enough to do.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s CMD ["node", "-e", "http.get({ host: '127.0.0.1', port: process.env.SLUICE_HEALTH_PORT, path: '/readyz' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["sluice"]
CMD ["up"]
