# Two stages: kustomize is built from its pinned Go module, drift-audit from hash-pinned wheels.
FROM golang:1.26-bookworm AS kustomize
WORKDIR /src
COPY tests/rig/kustomize/ ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/kustomize sigs.k8s.io/kustomize/kustomize/v5

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/drift-audit && /opt/drift-audit/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY drift_audit/ drift_audit/
COPY providers/ providers/
COPY reports/ reports/
RUN /opt/drift-audit/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --create-home --shell /usr/sbin/nologin drift-audit
COPY --from=kustomize /out/kustomize /usr/local/bin/kustomize
COPY --from=build /opt/drift-audit /opt/drift-audit
ENV PATH=/opt/drift-audit/bin:$PATH PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /audit
ENTRYPOINT ["drift-audit"]
CMD ["check"]
