# The images of docker-compose.airflow.yml besides the training image:
#
#   docker build --target airflow -t nightshift-airflow:TAG .    Airflow with this repository as its DAG bundle
#   docker build --target airflow-cluster -t nightshift-airflow-cluster:TAG .    the same with what charts/airflow needs
#   docker build --target mlflow -t nightshift-mlflow:TAG .      MLflow's server with its database and store drivers
#
# BASE_IMAGE      any Debian-based image with Python 3.11 or 3.12 as python3
# Needs BuildKit (DOCKER_BUILDKIT=1 with older engines).
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS uv
ARG UV_VERSION=0.13.8
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --quiet uv==${UV_VERSION}
# System certificates: a company's proxy has its own, and the base image carries them.
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true UV_CACHE_DIR=/uv-cache

FROM uv AS airflow-dependencies
COPY requirements.lock /build/requirements.lock
RUN --mount=type=cache,target=/uv-cache \
    /opt/uv/bin/uv venv --quiet --python python3 /opt/venv && \
    /opt/uv/bin/uv pip sync --quiet --compile-bytecode --python /opt/venv/bin/python /build/requirements.lock

FROM uv AS cluster-dependencies
COPY requirements-cluster.lock /build/requirements.lock
RUN --mount=type=cache,target=/uv-cache \
    /opt/uv/bin/uv venv --quiet --python python3 /opt/venv && \
    /opt/uv/bin/uv pip sync --quiet --compile-bytecode --python /opt/venv/bin/python /build/requirements.lock

FROM uv AS mlflow-dependencies
COPY requirements-mlflow.lock /build/requirements.lock
RUN --mount=type=cache,target=/uv-cache \
    /opt/uv/bin/uv venv --quiet --python python3 /opt/venv && \
    /opt/uv/bin/uv pip sync --quiet --compile-bytecode --python /opt/venv/bin/python /build/requirements.lock

FROM ${BASE_IMAGE} AS service
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tini >/dev/null && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* && \
    (id -u 1000 >/dev/null 2>&1 || useradd --uid 1000 --gid 0 --home-dir /home/service --create-home service)
ENV PATH=/opt/venv/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 HOME=/tmp USER=service
ENTRYPOINT ["/usr/bin/tini", "--"]

FROM service AS airflow
COPY --from=airflow-dependencies /opt/venv /opt/venv
# The folder of the DAG bundle; `include.` is imported from its root, as on a laptop.
COPY pyproject.toml .airflowignore /opt/nightshift/
COPY plugins /opt/nightshift/plugins
COPY include /opt/nightshift/include
COPY dags /opt/nightshift/dags
RUN mkdir -p /opt/airflow/logs /opt/airflow/auth && chown -R 1000:0 /opt/airflow && chmod -R g=u /opt/airflow
ENV AIRFLOW_HOME=/opt/airflow AIRFLOW__CORE__PLUGINS_FOLDER=/opt/nightshift/plugins
WORKDIR /opt/nightshift
USER 1000:0
CMD ["airflow", "version"]

# Its DAGs come from git; a run keeps the version that it started with.
FROM service AS airflow-cluster
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends git openssh-client >/dev/null && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=cluster-dependencies /opt/venv /opt/venv
# The plugin, which the scheduler must load, and its imports; DAGs are read from the bundle only.
COPY plugins /opt/nightshift/plugins
COPY include /opt/nightshift/include
RUN mkdir -p /opt/airflow/logs && chown -R 1000:0 /opt/airflow && chmod -R g=u /opt/airflow
ENV AIRFLOW_HOME=/opt/airflow AIRFLOW__CORE__PLUGINS_FOLDER=/opt/nightshift/plugins
WORKDIR /opt/airflow
USER 1000:0
CMD ["airflow", "version"]

FROM service AS mlflow
COPY --from=mlflow-dependencies /opt/venv /opt/venv
WORKDIR /tmp
USER 1000:0
CMD ["mlflow", "--version"]
