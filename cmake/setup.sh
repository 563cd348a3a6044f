#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh [test|ci|fuzz]: installs the packages of packages.txt that are missing, and says which.
# Root is used for that alone (sudo when it is not root's shell); with nothing missing it is a no-op.
set -eu

list=$(dirname "$0")/packages.txt
scope=${1:-}
wanted=$(awk -v scope="$scope" '!/^#/ && NF && (NF == 1 || $2 == scope) {print $1}' "$list")
# shellcheck disable=SC2086
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null |
  awk '$1 == "ii" {print $2}' || true)

missing=""
for package in $wanted; do
  echo "$installed" | grep -qxF "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  root=""
elif command -v sudo >/dev/null; then
  root=sudo
else
  echo "setup: these packages are missing and there is no sudo to install them:$missing" >&2
  exit 1
fi
echo "setup: installing with apt-get:$missing"
$root apt-get -q -o DPkg::Lock::Timeout=600 update >/dev/null ||
  echo "setup: apt-get update failed; going on with the package lists at hand" >&2
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
  install --no-install-recommends $missing >/dev/null
echo "setup: done"
