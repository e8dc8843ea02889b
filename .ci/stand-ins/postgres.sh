set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username=postgres --auth-local=trust --auth-host=scram-sha-256 \
    --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  # Reachable by the socket only until the databases are there, as in the official image.
  pg_ctl --wait --options="-c listen_addresses= -c unix_socket_directories=/tmp" start >/dev/null
  for script in /docker-entrypoint-initdb.d/*.sh; do PGHOST=/tmp bash "$script"; done
  pg_ctl --wait stop >/dev/null
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp,/var/run/postgresql
