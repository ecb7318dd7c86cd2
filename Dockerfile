# Every daemon of Knarr. Two targets: `daemon` for all, `node` with a Docker engine inside.
#
# BASE_IMAGE is any Debian image with Python 3.11 or newer. Where there is no registry,
# lab/images.sh makes one of Debian's packages that has everything already; lab/install.sh
# then finds nothing left to install and needs no network.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS daemon
WORKDIR /knarr
COPY pyproject.toml lab/install.sh /knarr/
RUN sh install.sh daemon
COPY . /knarr
RUN python3 -m compileall -q /knarr && ln -sf /knarr/lab/knarr /usr/bin/knarr
ENV PYTHONPATH=/knarr PYTHONUNBUFFERED=1

FROM daemon AS node
RUN sh install.sh node
CMD ["/knarr/lab/node.sh"]
