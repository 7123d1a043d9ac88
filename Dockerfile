# The command line and the service; docs/installing.md tells how it is built and run. Nothing is fetched once it is built.
FROM python:3.13-slim AS build
ARG EXTRAS=docx,evaluate,excel,gold,parquet,pdf,postgresql,serve
WORKDIR /source
COPY . .
RUN python -m venv /opt/protoparse \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /dist . \
    && /opt/protoparse/bin/pip install --no-cache-dir "$(echo /dist/*.whl)[${EXTRAS}]" \
    && /opt/protoparse/bin/python -m compileall -q /opt/protoparse/lib

FROM python:3.13-slim
COPY --from=build /opt/protoparse /opt/protoparse
ENV PATH=/opt/protoparse/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin protoparse \
    && install --directory --owner protoparse --group protoparse /data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8765
HEALTHCHECK --start-period=20s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/health', timeout=4)"]
ENTRYPOINT ["protoparse"]
CMD ["serve", "--host", "0.0.0.0", "--store", "/data/protoparse.sqlite"]
