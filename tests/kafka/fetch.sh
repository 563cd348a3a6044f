#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fetch.sh VERSION: brings Apache Kafka's jars (46 MB, from Maven) to build/kafka/VERSION and prints
# that folder. A folder that is there is complete: it gets its name last. Two at once are safe.
set -eu

version=${1:?fetch.sh VERSION, for example 3.9.1}
here=$(cd "$(dirname "$0")" && pwd)
jars=$here/../../build/kafka
mkdir -p "$jars"
jars=$(cd "$jars" && pwd)

if [ ! -d "$jars/$version" ]; then
  exec 9>"$jars/.lock"
  flock 9
  if [ ! -d "$jars/$version" ]; then
    rm -rf "$jars/.$version"
    mvn -q -B -f "$here/pom.xml" "-Dkafka.version=$version" dependency:copy-dependencies \
      "-DoutputDirectory=$jars/.$version" >&2 9>&-
    mv "$jars/.$version" "$jars/$version"
  fi
fi
echo "$jars/$version"
