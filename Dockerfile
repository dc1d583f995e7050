# The operator: Python hooks, the server that reconciles, and shell-operator that watches.
#
#   docker build -t alluxio-operator .
#
# DEBIAN_IMAGE must be Debian 12, GO_IMAGE a Go that builds dev/tools/shell-operator. The stages `shell-operator` and `wheels`
# are all that needs a network beyond Debian's packages; `--build-context shell-operator=DIR --build-context wheels=DIR` puts
# directories in their place, as dev/images does. A private package index: `--secret id=pip,src=pip.conf`.
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm

FROM ${GO_IMAGE} AS shell-operator
WORKDIR /module
COPY dev/tools/shell-operator ./
RUN CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -ldflags="-s -w" \
    -o /out/shell-operator github.com/flant/shell-operator/cmd/shell-operator

FROM ${DEBIAN_IMAGE} AS runtime
RUN if ! { command -v python3 && command -v tini; } >/dev/null; then \
        apt-get update -q \
        && apt-get install -q -y --no-install-recommends ca-certificates python3 tini \
        && rm -rf /var/lib/apt/lists/*; \
    fi

FROM runtime AS wheels
RUN apt-get update -q && apt-get install -q -y --no-install-recommends python3-pip
COPY requirements/runtime.txt dev/images/operator/installer.txt /locks/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m pip download --quiet --require-hashes --no-deps --only-binary=:all: --dest /wheels \
    -r /locks/runtime.txt -r /locks/installer.txt

FROM runtime AS application
ENV VENV=/opt/venv
RUN python3 -m venv --without-pip $VENV \
    && site=$($VENV/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    && echo /opt/alluxio-operator/src > $site/alluxio-operator.pth
COPY requirements/runtime.txt /locks/
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip=$(echo /wheels/pip-*.whl)/pip \
    && $VENV/bin/python3 "$pip" install --quiet --no-cache-dir --no-compile --no-deps --no-index --find-links /wheels \
        --require-hashes -r /locks/runtime.txt \
    # Half of all the packages' size, and never imported: the client's asynchronous twin.
    && rm -r $VENV/lib/python3*/site-packages/kubernetes/aio
# The compiled form is taken as it is, without a look at the source: nothing is ever written in a running container.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash $VENV/lib
COPY LICENSE /opt/alluxio-operator/
COPY src /opt/alluxio-operator/src
COPY templates /opt/alluxio-operator/templates
COPY hooks /opt/alluxio-operator/hooks
RUN chmod -R u=rwX,go=rX /opt/alluxio-operator \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/alluxio-operator/src

FROM runtime
COPY --from=shell-operator /out/shell-operator /usr/local/bin/shell-operator
# For a run without a volume there; a pod mounts one.
RUN install -d -m 1777 /run/alluxio-operator
COPY --from=application /opt/venv /opt/venv
COPY --from=application /opt/alluxio-operator /opt/alluxio-operator
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ALLUXIO_OPERATOR_HOOKS_DIR=/opt/alluxio-operator/hooks \
    ALLUXIO_OPERATOR_TEMPLATES_DIR=/opt/alluxio-operator/templates \
    ALLUXIO_OPERATOR_SHELL_OPERATOR=/usr/local/bin/shell-operator
WORKDIR /opt/alluxio-operator
USER 65532:65532
# Health, readiness, and the metrics of the operator and of shell-operator, whose own port only the pod reaches.
EXPOSE 9116
ENTRYPOINT ["tini", "--", "python3", "-m", "alluxio_operator.supervisor"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="alluxio-operator" \
      org.opencontainers.image.description="Turns one AlluxioCluster into a running Alluxio cluster and takes care of it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
