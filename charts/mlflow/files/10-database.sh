# Run once by PostgreSQL's image, in an empty volume.
set -eu
psql --username postgres --set ON_ERROR_STOP=1 --set name="$MLFLOW_DATABASE" --set user="$MLFLOW_USER" --set password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE :"user" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"user";
SQL
