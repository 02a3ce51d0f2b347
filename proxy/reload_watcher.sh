#!/bin/sh
# Make saved edits of nginx's configuration count: look twice a second, validate, reload. And keep one log short.
#
#   reload_watcher.sh FOLDER     the folder of *.conf files that nginx reads
#
# NGINX_SPLIT    the file that FOLDER/default.conf is rendered from, named in its place (default: itself)
# NGINX_FOLDER   the folder of all else that FOLDER is rendered from (default: FOLDER)
# NGINX_PID      nginx's pid file
# NGINX_TEST_LOG the access log of test traffic (default: /tmp/test.log): from 10 MB on it becomes *.log.1
set -u
folder=$1
split=${NGINX_SPLIT:-$folder/default.conf}
source=${NGINX_FOLDER:-$folder}
pid_file=${NGINX_PID:-/tmp/nginx.pid}
test_log=${NGINX_TEST_LOG:-/tmp/test.log}

say() { printf 'reload_watcher: %s\n' "$*" >&2; }

# What nginx read last is kept beside its pid: an edit counts although this program was away when it was made.
seen_file=$pid_file.seen

# Contents, not times: a mount may round them.
fingerprint() { cat "$folder"/*.conf 2>/dev/null | cksum; }

# Several files may be half-way through changing.
settle() {
    while after=$(fingerprint) && [ "$after" != "$now" ]; do
        now=$after
        sleep 0.2
    done
}

reload() {
    if ! complaint=$(nginx -t -q -c "$folder/nginx.conf" 2>&1); then
        say "the edit is wrong, the old configuration stays in effect: $(printf '%s' "$complaint" | sed "s|$folder/default.conf|$split|g; s|$folder/|$source/|g")"
    elif kill -HUP "$(cat "$pid_file")" 2>/dev/null; then
        say "reloaded"
    else
        say "nginx is not running yet; the edit counts from its start"
    fi
}

# Emptied in place: nginx goes on writing to the file that it has open.
shorten() {
    if [ -n "$(find "$test_log" -size +10240k 2>/dev/null)" ]; then
        cp "$test_log" "$test_log.1" && : >"$test_log"
    fi
}

see() {
    seen=$1
    printf '%s' "$seen" >"$seen_file"
}

if ! seen=$(cat "$seen_file" 2>/dev/null) || ! [ -e "$pid_file" ]; then
    see "$(fingerprint)"
fi
say "watching $split and $source"
while sleep 0.5; do
    shorten
    now=$(fingerprint)
    if [ "$now" != "$seen" ]; then
        sleep 0.2
        settle
        reload
        see "$now"
    fi
done
