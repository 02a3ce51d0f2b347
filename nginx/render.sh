#!/bin/sh
# Fill a folder with nginx's files, each weight shared among its slot's replicas.
#
#   render.sh FOLDER TARGET
set -eu
folder=$1
target=$2
replicas=$(sh "$folder/replicas.sh")
mkdir -p "$target"
for file in "$target"/*.conf; do
    [ -e "$folder/${file##*/}" ] || rm -f "$file"
done
for file in "$folder"/*.conf; do
    awk -v replicas="$replicas" -f "$folder/share_weights.awk" "$file" >"$target/${file##*/}"
done
