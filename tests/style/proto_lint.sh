#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# buf lint of proto/: STANDARD and COMMENTS, see proto/buf.yaml. Uses the buf on the path, else the
# one that npm installs into build/buf (once). Exit code 77: not checked, because neither is there.
set -eu
cd "$(dirname "$0")/../.."
version=1.75.0
tools=build/buf
buf=$(command -v buf || true)

if [ -z "$buf" ]; then
  buf=$PWD/$tools/node_modules/.bin/buf
  if [ "$("$buf" --version 2>/dev/null || true)" != "$version" ]; then
    if ! command -v npm >/dev/null; then
      echo "proto_lint: SKIPPED: neither buf nor npm is installed (Debian: apt-get install npm)"
      exit 77
    fi
    echo "proto_lint: installing buf $version with npm into $tools"
    mkdir -p "$tools"
    echo '{"private": true}' >"$tools/package.json"
    if ! npm install --prefix "$tools" --no-audit --no-fund --silent "@bufbuild/buf@$version"; then
      echo "proto_lint: SKIPPED: npm could not install @bufbuild/buf@$version"
      exit 77
    fi
  fi
fi

cd proto
"$buf" lint
echo "proto_lint: $(find . -name '*.proto' | wc -l) files, no findings"
