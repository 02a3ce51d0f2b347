#!/bin/sh
# Start nginx, and beside it the watcher that makes saved edits count.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)

while :; do
    sh "$folder/reload_watcher.sh" "$folder" || true
    sleep 1
done &

exec nginx -c "$folder/nginx.conf"
