#!/bin/sh
set -e
for file in /app/migrations/*.sql; do
  echo "migrating with $(basename "$file")"
done
sed "s/NAME/${NAME:-nobody}/" /app/motto.txt >/tmp/motto.txt
exec "$@"
