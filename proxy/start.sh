#!/bin/sh
# Start nginx in its container, and beside it the watcher that makes saved edits and new replicas count.
#
#   start.sh FOLDER     what nginx_config renders; it puts this file and the watcher there, too
set -eu
folder=$1
watcher=$(dirname "$0")/reload_watcher.sh
export NGINX_SPLIT=nginx/default.conf NGINX_FOLDER=proxy # as a person knows them

while :; do
    sh "$watcher" "$folder" || true
    sleep 1
done &

exec nginx -c "$folder/nginx.conf"
