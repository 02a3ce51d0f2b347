#!/bin/sh
# Make saved edits of nginx's configuration count: look every second, validate, reload.
#
#   reload_watcher.sh FOLDER     the folder of *.conf files to look at
#
# NGINX_FOLDER   the folder that nginx itself reads, where that is another one (default: FOLDER)
# NGINX_PID      nginx's pid file
# NGINX_RENDER   a command that fills NGINX_FOLDER from FOLDER, run before validating
# NGINX_WATCH    a command whose answer counts as the files do: where it changes, nginx reloads
set -u
folder=$1
nginx_folder=${NGINX_FOLDER:-$folder}
pid_file=${NGINX_PID:-/tmp/nginx.pid}
render=${NGINX_RENDER:-:}
watch=${NGINX_WATCH:-:}

say() { printf 'reload_watcher: %s\n' "$*" >&2; }

# Contents, not times: an editor may replace the file, or a mount may round its times.
fingerprint() { { cat "$folder"/*.conf 2>/dev/null; sh -c "$watch"; } | cksum; }

# An editor may be half-way through writing.
settle() {
    while after=$(fingerprint) && [ "$after" != "$now" ]; do
        now=$after
        sleep 0.2
    done
}

validate() {
    sh -c "$render" && nginx -t -q -c "$nginx_folder/nginx.conf"
}

reload() {
    if ! complaint=$(validate 2>&1); then
        say "the edit is wrong, the old configuration goes on: $(printf '%s' "$complaint" | sed "s|$nginx_folder/|$folder/|g")"
    elif kill -HUP "$(cat "$pid_file")" 2>/dev/null; then
        say "reloaded"
    else
        say "nginx is not running yet; the edit counts from its start"
    fi
}

seen=$(fingerprint)
say "watching $folder"
while sleep 1; do
    now=$(fingerprint)
    if [ "$now" != "$seen" ]; then
        sleep 0.2
        settle
        seen=$now
        reload
    fi
done
