# deid-gateway in a container. It was built and run by buildah 1.28, on base images made by debootstrap, and not by Docker.
# `tests/dockerfile` does these steps in an empty directory and runs what comes of them, without an engine. Send
# an object through your image before you rely on it.
#
#   docker build -t deid-gateway .
#   docker run -d --name deid -p 127.0.0.1:11112:11112 --stop-timeout 60 --read-only --tmpfs /tmp \
#       --cap-drop ALL --security-opt no-new-privileges \
#       -v deid-spool:/var/lib/deid-gateway/var/spool \
#       -v deid-keys:/var/lib/deid-gateway/var/keys \
#       -v deid-research:/var/lib/deid-gateway/var/research \
#       -v "$PWD/gateway.toml:/etc/deid-gateway.toml:ro" \
#       deid-gateway
#   docker exec deid deid-gateway held list --config /etc/deid-gateway.toml
#
# The file must list [[senders]], or say open = true: the port is on all addresses of the container.
# Back up the volume of the keys, apart from the others.

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY conf conf
COPY src src
COPY tests tests
RUN cargo build --release --locked --bin deid-gateway

FROM debian:bookworm-slim
RUN useradd --system --user-group --uid 10001 --home-dir /var/lib/deid-gateway --shell /usr/sbin/nologin deid \
    && install -d -o deid -g deid -m 0700 /var/lib/deid-gateway /var/lib/deid-gateway/var \
        /var/lib/deid-gateway/var/spool /var/lib/deid-gateway/var/keys \
        /var/lib/deid-gateway/var/research
COPY --from=build /build/target/release/deid-gateway /usr/local/bin/deid-gateway
COPY LICENSE LICENSE-MIT LICENSE-APACHE NOTICE /usr/share/doc/deid-gateway/
# Below this directory the default paths ./var/... are the volumes. The variable wins over a
# configuration file; loopback inside a container could not be reached from outside.
WORKDIR /var/lib/deid-gateway
ENV DEID_GATEWAY__INTAKE__LISTEN=0.0.0.0:11112
VOLUME ["/var/lib/deid-gateway/var/spool", "/var/lib/deid-gateway/var/keys", "/var/lib/deid-gateway/var/research"]
EXPOSE 11112
USER deid
# Healthy: objects are taken (/readyz). It asks where [observe] listen of the same file says.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["deid-gateway", "health", "--config", "/etc/deid-gateway.toml"]
ENTRYPOINT ["deid-gateway"]
CMD ["serve", "--config", "/etc/deid-gateway.toml"]
