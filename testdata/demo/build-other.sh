#!/bin/sh
# Builds the small program in other/ as OUT, for `chainsign demo --artifact OUT`,
# with any Go from 1.24 on, for GOOS and GOARCH if they are set. The commit is
# always the same; the bytes are those of the Go version used.
#
#     build-other.sh OUT
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ $# -ne 1 ]; then
	echo "usage: build-other.sh OUT" >&2
	exit 2
fi

exec "$here/stamped-build.sh" "$here/other" v0.2.0 "$1"
