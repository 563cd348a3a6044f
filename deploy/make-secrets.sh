#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-secrets.sh DIR: what the compose file needs on a machine of one's own: an authority, one
# certificate for all programs, and a token file with one fresh token, printed. Not for production:
# the files are readable by every user of this machine, because the containers run as another one.
set -eu
dir=${1:?usage: make-secrets.sh DIR}
mkdir -p "$dir"
cd "$dir"
if [ -e tokens.yaml ]; then
  echo "make-secrets: $dir/tokens.yaml is there already; nothing done"
  exit 0
fi

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
  -subj "/CN=Spotter local authority" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -subj "/CN=spotter" -keyout tls.key -out tls.csr 2>/dev/null
printf 'subjectAltName=DNS:ingest,DNS:engine,DNS:gateway,DNS:localhost,IP:127.0.0.1\n' >san.txt
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
  -extfile san.txt -out tls.crt 2>/dev/null
rm tls.csr san.txt ca.srl

token=$(openssl rand -hex 24)
hash=$(printf %s "$token" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
cat >tokens.yaml <<END
- {principal: local, token_sha256: $hash, tenants: ["*"], roles: [publisher, subscriber, admin, operator]}
END
printf '%s\n' "$token" >token
printf '{}\n' >webhooks.yaml
chmod 644 -- *
chmod 600 ca.key token
echo "make-secrets: wrote $dir; the token is in $dir/token"
