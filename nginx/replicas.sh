#!/bin/sh
# Print how many replicas each slot has, as Docker's DNS knows: model_server=3 model_server_new=1
# A slot without any (it is starting, or stopped) counts as one: its weight waits for it.
set -u

for slot in model_server model_server_new; do
    # Asked with whichever program this image has; an address of 127.0.0.0/8 is the DNS server's own.
    { nslookup "$slot" || getent ahostsv4 "$slot"; } 2>/dev/null | awk -v slot="$slot" '
        { for (i = 1; i <= NF; i++)
            if ($i ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ && $i !~ /^127\./ && !seen[$i]++) count++ }
        END { printf "%s=%d ", slot, count ? count : 1 }'
done
