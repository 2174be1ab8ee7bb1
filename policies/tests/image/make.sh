#!/bin/sh
# Makes open.tar: an image with everything in it that container-production.yaml does not want. Texts
# with the names of programs do: nobody runs them. Needs GNU tar.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-11-20T10:00:00Z "$@"; }
mkdir -p layer/bin layer/usr/bin
for name in bin/sh usr/bin/apt usr/bin/sudo; do
    echo "not a program" >"layer/$name"
    chmod 755 "layer/$name"
done
chmod 4755 layer/usr/bin/sudo
pack -C layer -cf layer.tar bin usr
layer=$(sha256sum layer.tar | cut -d' ' -f1)
cat >config.json <<JSON
{"architecture":"amd64","os":"linux","config":{"User":"65532","Env":["AWS_SECRET=s","API_TOKEN=t","DB_PASSWORD=p","HMAC_KEY=k","LD_PRELOAD=/x.so"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
JSON
config=$(sha256sum config.json | cut -d' ' -f1)
mv config.json "$config.json"
printf '[{"Config":"%s.json","RepoTags":["example.com/open:1"],"Layers":["layer.tar"]}]\n' "$config" >manifest.json
pack -cf "$here/open.tar" "$config.json" layer.tar manifest.json
