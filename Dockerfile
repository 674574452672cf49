# The program and nothing else: it is linked statically, with the C library of Debian.
#
#   docker build --tag cognate .

FROM rust:1-slim-bookworm AS build
# aws-lc-rs and the embedded SQLite are compiled from C.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# With --target the flag holds for the program alone, and not for what runs while it is built.
RUN host=$(rustc --print host-tuple) \
    && RUSTFLAGS="-C target-feature=+crt-static" \
        cargo build --locked --release --package cognate --target "$host" \
    && mkdir /data \
    && mv "target/$host/release/cognate" /cognate

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Cognate" \
      org.opencontainers.image.description="A user directory and sign-in server that speaks the Amazon Cognito user pools API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /cognate /usr/local/bin/cognate
COPY --from=build --chown=65532:65532 --chmod=0700 /data /data
ENV PATH=/usr/local/bin
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
# Nothing else is written: the root may be mounted read-only.
VOLUME /data
WORKDIR /data
EXPOSE 9229
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["cognate", "health"]
ENTRYPOINT ["cognate"]
CMD ["serve", "--listen", "0.0.0.0:9229", "--data", "/data"]
