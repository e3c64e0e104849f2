#!/bin/sh
# Runs `digest` with the arguments. PostgreSQL's client knows no file that holds a password alone, which a secret is.
set -eu
if [ -s /run/secrets/database_password ]; then
    PGPASSWORD=$(cat /run/secrets/database_password)
    export PGPASSWORD
fi
exec digest "$@"
