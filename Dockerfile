# The image pins the minor version: a new Python is a change that the tests should see first.
ARG PYTHON=3.13
# Where no registry is at hand, `make image` begins with a Debian of its own.
ARG BASE=python:${PYTHON}-slim

# The wheel, in a stage of its own: what builds it is not part of the image.
FROM ${BASE} AS wheel
WORKDIR /src
COPY requirements/build.txt requirements/
RUN python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY exporter exporter
# Runbooks and rules are part of the package.
COPY alertmanager alertmanager
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .

# Everything: the exporter with its simulator.
FROM ${BASE} AS venv-demo
RUN python3 -m venv /venv
COPY requirements/simulator.txt /tmp/
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/simulator.txt
COPY --from=wheel /dist /dist
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
    && /venv/bin/pip uninstall --yes pip

# The exporter alone: nothing outside of its own commands imports the simulator.
FROM ${BASE} AS venv
RUN python3 -m venv /venv
COPY requirements/run.txt /tmp/
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/run.txt
COPY --from=wheel /dist /dist
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
    && /venv/bin/pip uninstall --yes pip \
    && rm -r /venv/lib/python*/site-packages/exporter/simulator

FROM ${BASE} AS state
RUN install --directory --mode=0700 --owner=65532 --group=65532 /state

FROM ${BASE} AS base
# The commit that the image is built from, for enphase_exporter_build_info.
ARG REVISION=unknown
COPY --from=state --chown=65532:65532 /state /state

# Modules are compiled already and logs go out line by line: nothing but /state is ever written.
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENPHASE_STATE_DIR=/state \
    ENPHASE_EXPORTER_REVISION=$REVISION
VOLUME /state
USER 65532:65532
EXPOSE 10055
STOPSIGNAL SIGTERM

# Asks the default address in plain HTTP: whoever changes the address or turns TLS on brings their own check.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:10055/-/healthy', timeout=4)"]

ENTRYPOINT ["enphase-exporter"]

# `docker build --target=demo`: a simulated home and the exporter; also `simulate`, `replay`, `record`.
FROM base AS demo
COPY --from=venv-demo /venv /venv
CMD ["demo", "--web.listen-address=:10055"]

# What `docker build` makes unless told otherwise.
FROM base AS exporter
COPY --from=venv /venv /venv
CMD ["serve"]
