#!/bin/sh
# Makes what docker-compose.yml needs and nobody should choose: passwords, the pepper, a certificate of its own. What is there stays.
# Usage: deploy/secrets.sh [HOST [FOLDER]]     HOST: the name that clients call the API by (default: localhost)
set -eu
host=${1:-localhost}
folder=${2:-$(dirname "$0")/secrets}
umask 022 # containers read the files under users of their own; the folder lets nobody else of this machine in
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

keep() { # NAME VALUE
  [ -e "$1" ] || printf '%s' "$2" >"$1"
}

keep postgres_password "$(openssl rand -hex 24)"
keep redis_password "$(openssl rand -hex 24)"
keep grafana_password "$(openssl rand -hex 16)"
keep ui_password "$(openssl rand -hex 16)"
keep mta_api_pepper "$(openssl rand -hex 32)"

keep mta_state_url "postgresql://mta:$(cat postgres_password)@postgres:5432/mta"
keep mta_dagster_postgres_url "postgresql://mta:$(cat postgres_password)@postgres:5432/dagster"
keep mta_api_redis_url "redis://:$(cat redis_password)@redis:6379/0"
keep redis_conf "requirepass $(cat redis_password)
"
keep ui_users "operator:$(openssl passwd -apr1 "$(cat ui_password)")
"
# Replace both by a certificate of your own authority; nginx reads them when it starts.
if [ ! -e tls_certificate ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 365 -subj "/CN=$host" -addext "subjectAltName=DNS:$host,IP:127.0.0.1" \
    -keyout tls_key -out tls_certificate 2>/dev/null
  chmod 644 tls_key
fi
echo "The secrets are in $(pwd). The Dagster UI's user is operator, its password is in ui_password; Grafana's is admin, in grafana_password."
