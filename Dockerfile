# Chatelaine as an image: `docker build -t chatelaine .`
FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY drizzle drizzle
# The image has a Node already.
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/src/main.js src/main.js
COPY --from=build /app/dist dist
COPY --from=build /app/drizzle drizzle
RUN mkdir /data && chown node:node /data
# The embedded database is here; with DATABASE_URL the folder stays empty.
VOLUME /data
USER node
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=2s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}${process.env.BASE_PATH || ''}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/main.js"]
CMD ["serve"]
