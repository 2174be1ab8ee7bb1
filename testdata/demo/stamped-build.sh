#!/bin/sh
# Builds the Go program in SOURCE as OUT, from a temporary git repository with
# one commit and the tag TAG, and prints the commit and the SHA-256 of OUT.
#
#     stamped-build.sh SOURCE TAG OUT
#
# Author, dates, message and file modes are fixed and no git setting of the user
# is read, so the commit depends on the files of SOURCE only. Go stamps the
# commit, its time and the tag into the program; it needs no remote for that.
# Where modules come from is left to the user's own Go settings.
set -eu
umask 022

if [ $# -ne 3 ]; then
	echo "usage: stamped-build.sh SOURCE TAG OUT" >&2
	exit 2
fi
source=$1 tag=$2 out=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
repository=$work/repository program=$work/program

# A git hook that runs this script must not lend it its own repository.
# shellcheck disable=SC2046 # a list of names, to be split
unset $(git rev-parse --local-env-vars)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1
export GIT_AUTHOR_NAME='Acme Release' GIT_AUTHOR_EMAIL='release@example.com'
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"
export GIT_AUTHOR_DATE='2026-11-20T10:00:00+0000' GIT_COMMITTER_DATE='2026-11-20T10:00:00+0000'

git init --quiet --template= --initial-branch=main --object-format=sha1 "$repository"
# Git reads the user's ignore and attributes files even without a configuration.
git -C "$repository" config core.excludesFile /dev/null
git -C "$repository" config core.attributesFile /dev/null
cp -R "$source/." "$repository"
find "$repository" -type f -exec chmod 644 {} +
git -C "$repository" add --all
git -C "$repository" commit --quiet --message "Release $tag"
git -C "$repository" tag "$tag"

# GOFLAGS replaces what the user's Go settings say; an empty one would not.
export GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0
go -C "$repository" build -buildvcs=true -trimpath -ldflags='-s -w' -o "$program" .
cp "$program" "$out"
chmod 755 "$out"

echo "commit $(git -C "$repository" rev-parse HEAD)"
if command -v sha256sum >/dev/null; then
	echo "sha256 $(sha256sum <"$out" | cut -d ' ' -f 1)"
else
	echo "sha256 $(shasum -a 256 <"$out" | cut -d ' ' -f 1)"
fi
