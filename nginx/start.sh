#!/bin/sh
# Start nginx in its container, and beside it the watcher that makes saved edits and new replicas count.
#
#   start.sh FOLDER     what nginx_config renders
set -eu
folder=$1
watcher=$(dirname "$0")/reload_watcher.sh
export NGINX_SOURCE=nginx # as a person knows the folder

until [ -e "$folder/nginx.conf" ]; do
    sleep 0.2
done
while :; do
    sh "$watcher" "$folder" || true
    sleep 1
done &

exec nginx -c "$folder/nginx.conf"
