#!/bin/sh
# Makes the images of this folder with the tools that people use. Needs umoci, skopeo and crane, GNU
# tar and gzip; no registry. Times are fixed, so that the same tools give the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
umask 022
time=2026-11-20T10:00:00Z
program() { gzip -dc "$here/../gosbom/real/$1.gz" >"$2" && chmod 755 "$2"; }
settle() { find "$1" -exec touch -h -d "$time" {} +; }
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --format=pax --mtime="$time" \
    --pax-option=delete=atime,delete=ctime,exthdr.name=%d/%f -C "$1" -cf "$2" .; }
cd "$work"

# The base: two programs, one of them with a second name; a folder to be emptied and one to be removed.
mkdir -p base/usr/bin base/etc base/opt/old base/opt/tools
ln -s usr/bin base/bin
program toy-linux-386 base/usr/bin/app
ln base/usr/bin/app base/usr/bin/same
program toy-wasip1-wasm base/opt/tools/tool.wasm
cp base/opt/tools/tool.wasm base/opt/old/old.wasm
echo 'name = app' >base/etc/app.conf
settle base

umoci init --layout oci
umoci new --image oci:1.0
umoci unpack --rootless --image oci:1.0 bundle
cp -a base/. bundle/rootfs/
umoci repack --image oci:1.0 --history.created="$time" --history.created_by='COPY base /' bundle
umoci config --image oci:1.0 --created="$time" --history.created="$time" --config.user=65532:65532 \
    --config.entrypoint=/usr/bin/app --config.cmd=--serve --config.env=PATH=/usr/bin \
    --config.workingdir=/srv --config.exposedports=8080/tcp --config.volume=/data \
    --config.label=org.opencontainers.image.source=https://example.com/app \
    --manifest.annotation=org.opencontainers.image.base.name=example.com/base:1
rm -rf bundle

# A second layer, as umoci finds it: a file replaced, one of two names removed, a folder removed.
umoci unpack --rootless --image oci:1.0 bundle
echo 'name = other' >bundle/rootfs/etc/app.conf
rm bundle/rootfs/usr/bin/app
rm -r bundle/rootfs/opt/old
touch -d "$time" bundle/rootfs/etc/app.conf bundle/rootfs/etc bundle/rootfs/usr/bin bundle/rootfs/opt
umoci repack --image oci:1.0 --history.created="$time" --history.created_by='RUN change' bundle
# A third, which empties a folder.
mkdir tools
echo 'none left' >tools/README
settle tools
umoci insert --rootless --image oci:1.0 --history.created="$time" --history.created_by='COPY tools' \
    --opaque tools /opt/tools
umoci config --image oci:1.0 --created="$time" --history.created="$time"
umoci gc --layout oci

rm -rf "$here/oci"
cp -r oci "$here/oci"
chmod -R u=rwX,go=rX "$here/oci"
skopeo copy -q --dest-compress-format zstd oci:oci:1.0 "oci-archive:$here/zstd.tar:example.com/app:1.0"
skopeo copy -q oci:oci:1.0 docker-archive:docker.tar:example.com/app:1.0
gzip -n9 <docker.tar >"$here/docker.tar.gz"
pack base base.tar
crane append --oci-empty-base --new_layer base.tar --new_tag example.com/app:2.0 \
    --output "$here/crane.tar" >/dev/null 2>&1
