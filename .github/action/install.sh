#!/usr/bin/env bash
# Puts zoneherd into $RUNNER_TEMP/zoneherd: built from the action's own commit,
# or the binary of the release that VERSION names.
set -euo pipefail
bin=$RUNNER_TEMP/zoneherd
mkdir -p "$bin"

if [ -z "$VERSION" ]; then
  cd "$GITHUB_ACTION_PATH"
  # What the workflow sets for its own Go code is not for this build.
  GOFLAGS='' GOWORK=off GOOS='' GOARCH='' go build -trimpath -buildvcs=false -o "$bin/" ./cmd/zoneherd
  exit
fi

version=${VERSION#v}
if ! [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]]; then
  echo "::error::the input version is no release, such as 1.2.3"
  exit 64
fi
case $RUNNER_OS in
  Linux) os=linux ;;
  macOS) os=darwin ;;
  Windows) os=windows ;;
  *) os=$RUNNER_OS ;;
esac
case $RUNNER_ARCH in
  X64) arch=amd64 ;;
  ARM64) arch=arm64 ;;
  *) arch=$RUNNER_ARCH ;;
esac
file=zoneherd_${version}_${os}_$arch.tar.gz

sha256() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-64; }

work=$(mktemp -d "$RUNNER_TEMP/download.XXXXXX")
for name in checksums.txt "$file"; do
  curl --proto '=https' --fail --silent --show-error --location --retry 3 --output "$work/$name" \
    "https://github.com/zoneherd/zoneherd/releases/download/v$version/$name"
done
want=$(awk -v name="$file" '$2 == name || $2 == "*" name { print $1 }' "$work/checksums.txt")
got=$(sha256 "$work/$file")
if [ "$got" != "$want" ]; then
  echo "::error::$file is not what its release's checksums.txt says: it has the SHA-256 $got, and ${want:-none} is listed"
  exit 1
fi
tar -xzf "$work/$file" -C "$bin"
rm -r "$work"
