# docker build --tag signalbox .
# docker run --publish 8080:8080 --volume ./signalbox.yaml:/var/lib/signalbox/signalbox.yaml:ro \
#     --volume signalbox-data:/var/lib/signalbox/data --env GROQ_API_KEY0 signalbox
# In the configuration, server.listen must be 0.0.0.0:8080 for callers outside the container.
#
# Built in one image, run in another: Swift's own libraries are linked in, so the second needs only the C libraries.

FROM swift:6.3-bookworm AS build

# Versions come with the Debian release that the image names.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libcurl4-openssl-dev libmicrohttpd-dev libmimalloc-dev libsqlite3-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /source

# Dependencies change seldom: fetched before the sources are copied, they stay in the layer cache.
COPY Package.* ./
RUN swift package resolve

COPY Sources Sources
# SwiftPM wants the folder of every target that Package.swift names, also of those that are not built.
COPY Tests Tests
COPY Benchmarks Benchmarks
RUN swift build --configuration release --product signalbox --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
    && install -D --strip "$(swift build --configuration release --show-bin-path)/signalbox" /out/signalbox \
    && mkdir /out/data


FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates libcurl4 libmicrohttpd12 libmimalloc2.0 libsqlite3-0 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin signalbox

COPY --from=build /out/signalbox /usr/local/bin/signalbox
COPY --from=build --chown=10001:10001 /out/data /var/lib/signalbox/data

# By number, so that an orchestrator can tell that it is not root.
USER 10001:10001

# Configuration is read from signalbox.yaml here; usage records are kept here (data_dir: ./data).
WORKDIR /var/lib/signalbox
VOLUME ["/var/lib/signalbox/data"]

# 8080 answers callers. 9464 is for operators: metrics, health, status. Publish the first alone.
EXPOSE 8080 9464

# SIGTERM finishes the requests in flight, then ends.
STOPSIGNAL SIGTERM

# The admin listener, whatever address the container has for it, must answer on loopback.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["signalbox", "health", "--admin", "http://127.0.0.1:9464"]

ENTRYPOINT ["signalbox"]
CMD ["serve"]
