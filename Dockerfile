# Image of the agent.
#
#   docker build --build-arg REVISION=$(git rev-parse HEAD) -t pmemwatch .
#   docker run --network host --pid host \
#     --cap-drop ALL --cap-add DAC_READ_SEARCH --cap-add SYS_ADMIN --cap-add SYS_RAWIO --cap-add SYS_PTRACE \
#     --cap-add SETUID --cap-add SETGID --cap-add CHOWN --cap-add KILL \
#     --device-cgroup-rule 'b *:* r' -v /dev:/dev:ro -v /sys:/sys:ro -v /:/host:ro,rslave \
#     -v pmemwatch:/var/lib/pmemwatch pmemwatch agent --path.procfs /host/proc --path.rootfs /host
#
# It starts as root: a small parent that listens to nothing keeps the capabilities for probe processes and drops the
# listening process to the user pmemwatch before it opens a port (SETUID, SETGID; CHOWN for a state folder that does not
# exist yet; KILL to stop a process of that user). With `--user pmemwatch` and no capability it runs too, and says what it
# cannot see.
#
# Scrubs are started by writing /sys: with `-v /sys:/sys` in place of `/sys:ro`. Otherwise the agent says that it may not, and
# scrub_failed and scrub_overdue follow: `scrub: { schedule: off, overdue_after: 0s }` then. What a scrub can prove is asked through
# /dev/ndctl*: --device-cgroup-rule "c $(awk '$2 == "ndctl" { print $1 }' /proc/devices):* r"
#
# The health of DIMMs is asked through /dev/nmem*, whose major number differs from host to host: let it in with
#   --device-cgroup-rule "c $(awk '$2 == "dimmctl" { print $1 }' /proc/devices):* rw"

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY test/api-client/package.json ./test/api-client/
# no package of ours needs an install script: node and koffi come prebuilt, with their hashes in the lock file
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
ARG REVISION=""
RUN npm run build && npm pkg set revision="$REVISION" && npm prune --omit=dev --ignore-scripts

FROM debian:bookworm-slim
RUN useradd --system --user-group --no-create-home --home-dir /var/lib/pmemwatch --shell /usr/sbin/nologin pmemwatch \
 && install -d -o pmemwatch -g pmemwatch -m 0750 /var/lib/pmemwatch /run/pmemwatch \
 && install -d -m 0755 /etc/pmemwatch
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/package.json ./
COPY deploy ./deploy
COPY dashboards/pmemwatch-host.json ./dashboards/
COPY docs ./docs
VOLUME /var/lib/pmemwatch
EXPOSE 9915
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/app/node_modules/.bin/node", "-e", "fetch('http://127.0.0.1:9915/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/node_modules/.bin/node", "--disable-sigusr1", "--max-semi-space-size=1", "/app/dist/main.js"]
CMD ["agent"]
