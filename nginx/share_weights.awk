# A weight in default.conf is a slot's, whatever the number of its replicas; nginx would give it to each of them.
# So each server line's weight is multiplied by what makes the slots' sums stand in the ratio that was written.
# Lines keep their numbers.
#
#   awk -v replicas="model_server=3 model_server_new=1" -f share_weights.awk FILE

function greatest_common_divisor(a, b) { return b ? greatest_common_divisor(b, a % b) : a }

function multiplied(line, factor) {
    if (match(line, /[ \t]weight=[0-9]+/))
        return substr(line, 1, RSTART) "weight=" substr(line, RSTART + 8, RLENGTH - 8) * factor \
            substr(line, RSTART + RLENGTH)
    sub(/:8000/, "& weight=" factor, line)
    return line
}

BEGIN {
    common_multiple = 1
    for (i = split(replicas, pairs, " "); i > 0; i--) {
        split(pairs[i], pair, "=")
        replicas_of[pair[1]] = pair[2]
        common_multiple *= pair[2] / greatest_common_divisor(common_multiple, pair[2])
    }
}

/^[ \t]*server[ \t]+[a-z_]+:8000[ \t;]/ {
    name = substr($2, 1, index($2, ":") - 1)
    if (name in replicas_of && common_multiple > replicas_of[name])
        $0 = multiplied($0, common_multiple / replicas_of[name])
}

{ print }
