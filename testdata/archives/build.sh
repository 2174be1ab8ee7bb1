#!/bin/sh
# Makes the archives of this folder with the tools that people use. Needs GNU tar, gzip, xz, zstd,
# zip and dpkg-deb. Times and owners are fixed, so that the same tools give the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

mkdir -p "$work/app/bin" "$work/app/share"
gzip -dc "$here/../gosbom/real/toy-linux-386.gz" >"$work/app/bin/app"
chmod 755 "$work/app/bin/app"
echo 'What this is.' >"$work/app/share/README"
long=share/a-name-that-is-longer-than-the-hundred-bytes-which-the-first-tar-had-room-for-and-that-needs-more
mkdir -p "$work/app/$long"
echo 'deep' >"$work/app/$long/and-then-some-more-behind-it"
ln -s ../bin/app "$work/app/share/link"
ln "$work/app/bin/app" "$work/app/bin/same"
find "$work/app" -exec touch -h -d '2026-11-20 10:00:00 UTC' {} +

pack() { tar --sort=name --owner=0 --group=0 --numeric-owner -C "$work" "$@" app; }
pack --format=gnu -cf "$work/gnu.tar"
pack --format=pax --pax-option=delete=atime,delete=ctime,exthdr.name=%d/%f -cf "$work/pax.tar"
gzip -n9 <"$work/gnu.tar" >"$here/gnu.tar.gz"
xz -6 --threads=1 <"$work/pax.tar" >"$here/pax.tar.xz"
# A skippable frame, then two frames.
{
    printf '\120\052\115\030\003\000\000\000abc'
    head -c 4096 "$work/gnu.tar" | zstd -19 -q
    tail -c +4097 "$work/gnu.tar" | zstd -19 -q
} >"$here/gnu.tar.zst"

# One text, to begin fuzzing from.
mkdir "$work/small"
echo hello >"$work/small/hello"
touch -d '2026-11-20 10:00:00 UTC' "$work/small/hello"
tar --owner=0 --group=0 --numeric-owner --format=ustar -b 1 -C "$work/small" -cf "$work/small.tar" hello
xz -6 --threads=1 <"$work/small.tar" >"$here/small.tar.xz"
zstd -19 -q <"$work/small.tar" >"$here/small.tar.zst"

# Alpine's packages: a gzip member for the signature, for the control files, and for the data. Only
# the last has an end of archive.
mkdir "$work/apk"
echo 'not a signature' >"$work/apk/.SIGN.RSA.key.rsa.pub"
echo 'pkgname = app' >"$work/apk/.PKGINFO"
find "$work/apk" -exec touch -d '2026-11-20 10:00:00 UTC' {} +
for part in .SIGN.RSA.key.rsa.pub .PKGINFO; do
    tar --owner=0 --group=0 --numeric-owner --format=ustar -C "$work/apk" -cf - "$part" |
        head -c 1024 | gzip -n9
done >"$here/app.apk"
gzip -n9 <"$work/gnu.tar" >>"$here/app.apk"

(cd "$work" && TZ=UTC zip -q -X -9 -r -y "$work/app.zip" app)
cp "$work/app.zip" "$here/app.zip"

mkdir -p "$work/deb/DEBIAN" "$work/deb/usr"
printf 'Package: app\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: app\n' \
    >"$work/deb/DEBIAN/control"
cp -a "$work/app/bin" "$work/deb/usr/"
ln -s /usr/bin/app "$work/deb/usr/absolute"
find "$work/deb" -exec touch -h -d '2026-11-20 10:00:00 UTC' {} +
SOURCE_DATE_EPOCH=1795168800 dpkg-deb --root-owner-group -Zxz -b "$work/deb" "$here/app.deb" >/dev/null
