# syntax=docker/dockerfile:1
# One image for api, worker and migrate; the command says which.

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

# The editor and the workflow bundle are built with the packages that only builds need.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node node_modules/vite/bin/vite.js build \
  && node --input-type=module -e "import { workflowBundlePath } from './engine/temporal/bundle.ts'; await workflowBundlePath()"

FROM node:24-slim
ENV NODE_ENV=production
# The vendors' certificates, and nothing else, on top of Node.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY nodes nodes
COPY engine engine
COPY api api
COPY bin bin
COPY scripts scripts
USER node
EXPOSE 4000
CMD ["node", "bin/api.ts"]
