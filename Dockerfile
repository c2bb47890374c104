# Image of the agent, made of the tarball that `npm run package` builds: the same files as in the .deb and the .rpm.
#
#   npm run package -- --only tarball
#   docker build -t pmemwatch --label org.opencontainers.image.revision=$(git rev-parse HEAD) .
#   docker run --network host --pid host --read-only --tmpfs /run/pmemwatch:size=1m \
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

# anything with glibc 2.28, libstdc++ and a shell
ARG BASE=debian:12-slim

FROM ${BASE} AS unpacked
# as docker names the processor; the tarball has npm's name for it
ARG TARGETARCH=amd64
# unpacked by the builder: slim bases have no xz
ADD dist/packages/pmemwatch-*-linux-*.tar.xz /packages/
# a number of its own, the same in every build: state on a volume belongs to it
RUN useradd --system --uid 915 --user-group --no-create-home --home-dir /var/lib/pmemwatch --shell /usr/sbin/nologin pmemwatch \
 && case "$TARGETARCH" in amd64) arch=x64 ;; *) arch=$TARGETARCH ;; esac \
 && mv /packages/pmemwatch-*-linux-"$arch" /out \
 && rm -r /out/usr/share/man /out/usr/lib/systemd /out/usr/lib/sysusers.d /out/usr/lib/tmpfiles.d \
          /out/usr/share/bash-completion /out/usr/share/zsh /out/usr/share/fish \
 && find /out/usr/share/doc/pmemwatch -mindepth 1 ! -name copyright -delete \
 && install -d -m 0755 /out/etc/pmemwatch && cp /etc/passwd /etc/group /out/etc/ \
 && install -d -o pmemwatch -g pmemwatch -m 0750 /out/var/lib/pmemwatch /out/run/pmemwatch

FROM ${BASE}
LABEL org.opencontainers.image.title="pmemwatch" \
      org.opencontainers.image.description="Watches persistent-memory bad blocks and NVDIMM health, and tells on-call which file, process and DIMM slot were hit" \
      org.opencontainers.image.documentation="/usr/share/pmemwatch/pmemwatch.example.yml"
COPY --from=unpacked /out/ /
VOLUME /var/lib/pmemwatch
EXPOSE 9915
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/usr/lib/pmemwatch/bin/node", "-e", "fetch('http://127.0.0.1:9915/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/pmemwatch"]
CMD ["agent"]
