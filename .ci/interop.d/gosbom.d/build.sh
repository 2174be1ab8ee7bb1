#!/bin/sh
# Builds Go binaries of many kinds into a folder: build.sh FOLDER ABSENT, where ABSENT becomes the
# list of what this machine cannot build, a line each.
set -eu
out=$1 absent=$2
mkdir -p "$out"
: >"$absent"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS=-mod=mod GOWORK=off GONOSUMDB=example.com GONOSUMCHECK=1

# a module with dependencies, a replacement by a version and one by a folder, in a repository
project() {
    mkdir -p "$1/cmd/tool" "$1/lib" "$1/local"
    cat >"$1/go.mod" <<'MOD'
module example.com/Corpus

go 1.21

require (
	github.com/BurntSushi/toml v1.4.0
	github.com/docker/go-connections v0.4.0
	github.com/pkg/errors v0.9.1
	golang.org/x/text v0.14.0
	example.com/local v0.1.0
	github.com/russross/blackfriday v2.0.0+incompatible
)

replace github.com/pkg/errors => github.com/pkg/errors v0.9.0

replace example.com/local => ./local
MOD
    cat >"$1/local/go.mod" <<'MOD'
module example.com/local

go 1.21
MOD
    cat >"$1/local/local.go" <<'GO'
// Package local is replaced by its folder.
package local

// Name is its name.
func Name() string { return "local" }
GO
    cat >"$1/lib/lib.go" <<'GO'
// Package lib uses the dependencies.
package lib

import (
	"example.com/local"
	"github.com/BurntSushi/toml"
	"github.com/pkg/errors"
	"github.com/russross/blackfriday"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Say says something.
func Say(text string) (string, error) {
	var table map[string]any
	if err := toml.Unmarshal([]byte(text), &table); err != nil {
		return "", errors.Wrap(err, local.Name())
	}
	return cases.Title(language.English).String(string(blackfriday.Run([]byte(text)))), nil
}
GO
    cat >"$1/cmd/tool/main.go" <<'GO'
// Command tool is built in many ways.
package main

import (
	"fmt"

	"example.com/Corpus/lib"
)

var version = "none"

func main() {
	text, err := lib.Say("a = 1")
	fmt.Println(version, text, err)
}
GO
    cat >"$1/lib/lib_test.go" <<'GO'
package lib

import "testing"

func TestSay(t *testing.T) {
	if _, err := Say("a = 1"); err != nil {
		t.Fatal(err)
	}
}
GO
    (
        cd "$1"
        sed -i '/go-connections/d' go.mod
        go mod tidy >/dev/null 2>&1
        git init -q
        git add .
        commit first
    )
}
commit() { git -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m "$1"; }

# build NAME ARGUMENT...: in the current folder, or a line in the list of what is absent
build() {
    name=$1
    shift
    if ! go build -buildvcs=true -o "$out/$name" "$@" >"$work/log" 2>&1; then
        echo "building $name" >>"$absent"
        cat "$work/log" >&2
    fi
}

project "$work/p"
cd "$work/p"
git tag v1.4.2

# platforms
for target in linux/amd64 linux/386 linux/arm linux/arm64 linux/loong64 linux/mips linux/mipsle \
    linux/mips64 linux/mips64le linux/ppc64 linux/ppc64le linux/riscv64 linux/s390x \
    darwin/amd64 darwin/arm64 windows/386 windows/amd64 windows/arm64 freebsd/amd64 freebsd/arm64 \
    netbsd/amd64 openbsd/amd64 openbsd/arm64 dragonfly/amd64 solaris/amd64 illumos/amd64 \
    android/arm64 aix/ppc64 plan9/386 plan9/amd64 plan9/arm js/wasm wasip1/wasm; do
    name=platform-$(echo "$target" | tr / -)
    CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} build "$name" ./cmd/tool
done

# flags
build flag-trimpath -trimpath ./cmd/tool
build flag-stripped -ldflags='-s -w' ./cmd/tool
build flag-no-build-id -ldflags='-buildid= -s -w' ./cmd/tool
build flag-version -ldflags='-X main.version=v9.9.9' ./cmd/tool
build flag-version-quoted "-ldflags=-X 'main.version=v9.9.9' -X \"example.com/Corpus/lib.odd=a b\"" ./cmd/tool
build flag-tags -tags=a,b,netgo ./cmd/tool
build flag-gcflags -gcflags='all=-N -l' ./cmd/tool
build flag-no-vcs -buildvcs=false ./cmd/tool
GOAMD64=v3 build flag-goamd64 ./cmd/tool
GOEXPERIMENT=fieldtrack build flag-experiment ./cmd/tool
build flag-default ./cmd/tool
build flag-files ./cmd/tool/main.go
build flag-cover -cover ./cmd/tool

# build modes
CGO_ENABLED=0 build mode-pie -buildmode=pie ./cmd/tool
go test -c -o "$out/mode-test" ./lib >/dev/null 2>&1 || echo 'building mode-test' >>"$absent"
mkdir -p cmd/cgo
cat >cmd/cgo/main.go <<'GO'
// Command cgo needs a C compiler.
package main

// static int one(void) { return 1; }
import "C"

import "example.com/Corpus/lib"

// Exported is called from C.
//
//export Exported
func Exported() C.int {
	text, _ := lib.Say("a = 1")
	return C.int(len(text)) + C.one()
}

func main() { Exported() }
GO
git add . && commit cgo && git tag v1.4.3
if command -v cc >/dev/null; then
    build mode-cgo ./cmd/cgo
    build mode-cgo-external -ldflags='-linkmode external' ./cmd/cgo
    build mode-cgo-static -ldflags='-linkmode external -extldflags "-static"' ./cmd/cgo
    build mode-cgo-pie-now -buildmode=pie -ldflags='-linkmode external -extldflags "-Wl,-z,now"' ./cmd/cgo
    build mode-c-shared.so -buildmode=c-shared ./cmd/cgo
    build mode-c-archive.a -buildmode=c-archive ./cmd/cgo
    build mode-plugin.so -buildmode=plugin ./cmd/cgo
    rm -f "$out"/*.h
    printf 'int Exported(void);\nint main(void) { return Exported() == 0; }\n' >"$work/main.c"
    cc -o "$out/mode-c-program" "$work/main.c" "$out/mode-c-archive.a" -lpthread 2>/dev/null ||
        echo 'building mode-c-program' >>"$absent"
else
    echo 'a C compiler' >>"$absent"
fi

# trees: tagged, after the tag, dirty, without a tag, vendored, in a workspace
build tree-tagged ./cmd/tool
commit later && build tree-after-tag ./cmd/tool
echo '// dirty' >>lib/lib.go && build tree-dirty ./cmd/tool
git checkout -q lib/lib.go
project "$work/untagged"
(cd "$work/untagged" && build tree-untagged ./cmd/tool)
(
    cd "$work/untagged"
    go mod vendor >/dev/null 2>&1
    GOFLAGS=-mod=vendor build tree-vendored ./cmd/tool
)
mkdir -p "$work/ws"
cp -r "$work/p" "$work/ws/p"
mkdir -p "$work/ws/p/local"
(
    cd "$work/ws"
    sed -i '/example.com\/local/d' p/go.mod
    printf 'go 1.21\n\nuse (\n\t./p\n\t./p/local\n)\n' >go.work
    cd p
    GOFLAGS='' GOWORK=$work/ws/go.work build tree-workspace ./cmd/tool
)

# changed after linking
cp "$out/platform-linux-amd64" "$out/changed-section-removed"
cp "$out/platform-linux-amd64" "$out/changed-section-renamed"
cp "$out/platform-linux-amd64" "$out/changed-no-section-table"
if command -v objcopy >/dev/null; then
    objcopy --remove-section=.go.buildinfo "$out/changed-section-removed"
    objcopy --rename-section .go.buildinfo=.xx "$out/changed-section-renamed"
    strip -o "$out/changed-stripped" "$out/platform-linux-amd64"
else
    rm "$out"/changed-section-*
    echo 'objcopy' >>"$absent"
fi
dd if=/dev/zero of="$out/changed-no-section-table" bs=1 seek=40 count=8 conv=notrunc 2>/dev/null
dd if=/dev/zero of="$out/changed-no-section-table" bs=1 seek=60 count=4 conv=notrunc 2>/dev/null

# older and newer releases of Go
for release in go1.21.13 go1.22.12 go1.23.9 go1.24.9 go1.25.5 go1.27.3; do
    for target in linux/amd64 windows/amd64; do
        name=release-$release-$(echo "$target" | tr / -)
        GOTOOLCHAIN=$release CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} \
            build "$name" ./cmd/tool
    done
done
