#!/bin/sh
# Start nginx in its container, and beside it the watcher that makes saved edits and new replicas count.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
export NGINX_FOLDER=/tmp/nginx
export NGINX_WATCH="sh $folder/replicas.sh"
export NGINX_RENDER="sh $folder/render.sh $folder $NGINX_FOLDER"

sh -c "$NGINX_RENDER"
while :; do
    sh "$folder/reload_watcher.sh" "$folder" || true
    sleep 1
done &

exec nginx -c "$NGINX_FOLDER/nginx.conf"
