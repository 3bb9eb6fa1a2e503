# The image of Dockerfile with a `jetway` that was built on Debian 12 already, FOLDER/jetway:
#   docker build -f deploy/docker/Dockerfile --target runtime -t jetway-runtime .
#   docker build -f deploy/docker/prebuilt.Dockerfile -t jetway FOLDER
ARG RUNTIME=jetway-runtime
FROM ${RUNTIME}
COPY jetway /usr/bin/jetway
