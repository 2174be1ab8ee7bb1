#!/bin/sh
# Builds the demo's binary from src/, the same to the byte wherever the Go
# version below is used, and prints its commit and SHA-256.
#
#     build.sh [OUT]      (OUT is the committed binary, shipcheck, unless given)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

wanted_go=go1.26.8
tag=v1.4.2

# Whatever else would end up in the bytes.
export GOOS=linux GOARCH=amd64 GOAMD64=v1 GOFIPS140=off

found_go=$(go -C "$here/src" env GOVERSION)
if [ "$found_go" != "$wanted_go" ]; then
	echo "build.sh: found $found_go, want $wanted_go; try GOTOOLCHAIN=$wanted_go" >&2
	exit 1
fi
experiments=$(go -C "$here/src" env GOEXPERIMENT)
if [ -n "$experiments" ]; then
	echo "build.sh: found GOEXPERIMENT=$experiments, want none" >&2
	exit 1
fi

exec "$here/stamped-build.sh" "$here/src" "$tag" "${1:-$here/shipcheck}"
