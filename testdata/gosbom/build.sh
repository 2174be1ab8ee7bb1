#!/bin/sh
# Rebuilds real/ from src/ with the installed Go toolchain (a C compiler for the cgo files) and
# npm for the three files of esbuild. Versions and commit ids then differ: review the changes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && cargo build -q -p chainsign-gosbom --examples)
examples=${CARGO_TARGET_DIR:-$root/target}/debug/examples
export GOFLAGS=-buildvcs=true

# shrinks a binary, and notes what `go version -m` says about it, or we where Go says nothing
keep() {
    "$examples/shrink" "$1" "$work/shrunk"
    gzip -9nc "$work/shrunk" >"$here/real/$2.gz"
    if go version -m "$1" >"$work/text" 2>/dev/null && [ -s "$work/text" ]; then
        sed '1s|^.*: |go\t|; s/^\t//' "$work/text" >"$here/real/$2.txt"
    else
        echo "go version -m says nothing about $2: compare $2.txt with that of another platform"
        "$examples/buildinfo" "$1" | grep -v BinaryFacts |
            sed '1s|^.*: |go\t|; s/^\t//; /^go\tunknown/d' >"$here/real/$2.txt"
    fi
}

repository() {
    cp -r "$here/src/$1" "$work/$1"
    cd "$work/$1"
    git init -q
    git add .
    git -c user.name=test -c user.email=test@example.com commit -q -m test
    git tag "$2"
}

pure() {
    name=$1 os=$2 arch=$3 package=$4
    shift 4
    CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -o "$work/$name" "$@" "$package"
}

repository toy v1.4.2
for target in linux/amd64 linux/386 linux/arm64 linux/s390x linux/mips darwin/amd64 \
    freebsd/amd64 netbsd/amd64 openbsd/amd64 dragonfly/amd64 solaris/amd64 android/arm64 \
    aix/ppc64 plan9/amd64 plan9/386 plan9/arm wasip1/wasm js/wasm; do
    name=toy-${target%/*}-${target#*/}
    pure "$name" "${target%/*}" "${target#*/}" ./cmd/toy
    keep "$work/$name" "$name"
done
pure toy-windows-386 windows 386 ./cmd/toy -ldflags="-s -w"
keep "$work/toy-windows-386" toy-windows-386

linux=$work/toy-linux-amd64
objcopy --remove-section=.go.buildinfo "$linux" "$linux-section-removed"
objcopy --rename-section .go.buildinfo=.xx "$linux" "$linux-section-renamed"
# the loader ignores e_shoff, e_shentsize, e_shnum and e_shstrndx
cp "$linux" "$linux-no-section-table"
dd if=/dev/zero of="$linux-no-section-table" bs=1 seek=40 count=8 conv=notrunc 2>/dev/null
dd if=/dev/zero of="$linux-no-section-table" bs=1 seek=60 count=4 conv=notrunc 2>/dev/null
for change in section-removed section-renamed no-section-table; do
    keep "$linux-$change" "toy-linux-amd64-$change"
done

cgo() {
    name=$1
    shift
    CGO_ENABLED=1 go build -trimpath -o "$work/$name" "$@" ./cmd/cgo
    keep "$work/$name" "$name"
}
cgo cgo-linux-amd64-c-archive -buildmode=c-archive
cgo cgo-linux-amd64-c-shared -buildmode=c-shared
cgo cgo-linux-amd64-static-pie -buildmode=pie -ldflags='-linkmode external -extldflags "-static-pie"'
cgo cgo-linux-amd64-pie-now -buildmode=pie -ldflags='-linkmode external -extldflags "-Wl,-z,now"'

repository rich v1.4.2
pure rich-linux-amd64 linux amd64 ./cmd/tool -ldflags="-s -w"
pure rich-linux-amd64-pie linux amd64 ./cmd/tool -buildmode=pie -tags=a,b \
    -ldflags="-X main.version=v9.9.9 -s"
pure rich-darwin-arm64 darwin arm64 ./cmd/tool
pure rich-windows-amd64 windows amd64 ./cmd/tool -ldflags="-s -w"
for name in rich-linux-amd64 rich-linux-amd64-pie rich-darwin-arm64 rich-windows-amd64; do
    keep "$work/$name" "$name"
done

cd "$work"
for package in esbuild-linux-64@0.8.0 esbuild-linux-32@0.14.0 esbuild-windows-64@0.14.0; do
    tar xzf "$(npm pack -s "$package")"
    mv package "${package%@*}"
done
keep esbuild-linux-64/bin/esbuild esbuild-0.8.0-linux-amd64
keep esbuild-linux-32/bin/esbuild esbuild-0.14.0-linux-386
keep esbuild-windows-64/esbuild.exe esbuild-0.14.0-windows-amd64
