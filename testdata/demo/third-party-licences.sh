#!/bin/sh
# Prints the licence texts of everything that is linked into the demo's binary:
# Go itself and each module of which it has a package. THIRD_PARTY_LICENCES.txt
# is its output.
set -eu
export LC_ALL=C
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export GOOS=linux GOARCH=amd64 CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off

main() {
	cd "$here/src"
	licence_folders | while IFS='	' read -r name version root folder; do
		texts=$(licence_texts "$folder")
		if [ -z "$texts" ] && [ "$folder" = "$root" ]; then
			echo "third-party-licences.sh: found no licence of $name $version in $root" >&2
			exit 1
		fi
		printf '%s' "$texts" | while IFS= read -r text || [ -n "$text" ]; do
			printf '==== %s %s: %s\n\n' "$name" "$version" "${text#"$root/"}"
			cat "$text"
			echo
		done
	done
}

# The folders that may hold a licence of a linked package, from its module's
# folder down to its own: module, version, module's folder, folder.
licence_folders() {
	go_root=$(go env GOROOT)
	printf 'Go\t%s\t%s\t%s\n' "$(go env GOVERSION)" "$go_root" "$go_root"
	go list -deps -f "$packages" . | grep . | awk -F '\t' '{
		for (folder = $4; length(folder) >= length($3); sub("/[^/]*$", "", folder))
			print $1 "\t" $2 "\t" $3 "\t" folder
	}' | sort -u
}
packages='{{with .Module}}{{if not .Main}}{{.Path}}{{"\t"}}{{.Version}}{{"\t"}}{{.Dir}}{{"\t"}}{{$.Dir}}{{end}}{{end}}'

licence_texts() {
	for text in "$1"/LICEN[CS]E* "$1"/COPYING* "$1"/NOTICE* "$1"/PATENTS*; do
		[ ! -f "$text" ] || echo "$text"
	done
}

main
