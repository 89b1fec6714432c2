# One image, three commands: web, worker, cli. PostGIS runs beside it (compose.yaml).
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/contextmap \
    CONTEXTMAP_DATA_DIR=/var/lib/contextmap

# The same major version as the server: for backups. The wall around files that people import; see
# docs/operator/imports-sandbox.md for what the engine must allow.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*

RUN groupadd --system --gid 10001 contextmap \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/contextmap contextmap \
    && install --directory --mode 0700 --owner contextmap --group contextmap /var/lib/contextmap \
        /var/lib/contextmap-roles /var/lib/contextmap-roles/web /var/lib/contextmap-roles/worker

WORKDIR /opt/contextmap
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements.lock

COPY pyproject.toml ./
COPY app ./app
COPY geo ./geo
COPY migrations ./migrations
COPY frontend ./frontend
COPY data ./data
COPY scripts/container /usr/local/bin/contextmap-container
RUN python -m compileall -q app geo

USER 10001:10001
VOLUME /var/lib/contextmap
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["contextmap-container", "healthy"]
ENTRYPOINT ["contextmap-container"]
CMD ["web"]
