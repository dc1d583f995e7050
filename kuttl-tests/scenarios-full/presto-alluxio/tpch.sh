. ../../support/lib.sh
. ../../support/tpch.sh
logs=$(mktemp -d)
tpch_tables tiny
tpch_forget
read -r cache below < <(read_from small)
for turn in cold warm straight; do
    schema=hive.tpch
    [ "$turn" != straight ] || schema=hive.straight
    tpch_run $schema >"$logs/$turn.log"
    [ "$(wc -l <"$logs/$turn.log")" = 22 ] || fail "$turn: not all of the 22 queries were answered"
    read -r cache_after below_after < <(read_from small)
    echo "$turn: $(awk '{s += $2} END {print s}' "$logs/$turn.log") s, $((cache_after - cache)) bytes from the cache, $((below_after - below)) from below it"
    eval "cache_$turn=$((cache_after - cache)) below_$turn=$((below_after - below))"
    cache=$cache_after below=$below_after
done
paste "$logs/cold.log" "$logs/warm.log" "$logs/straight.log"
digests() { awk '{print $1, $3, $4}' "$1"; }
[ "$(digests "$logs/cold.log")" = "$(digests "$logs/straight.log")" ] || fail "results through Alluxio (cold) differ from those straight"
[ "$(digests "$logs/warm.log")" = "$(digests "$logs/straight.log")" ] || fail "results through Alluxio (warm) differ from those straight"
sql query 'SELECT DISTINCT "$path" FROM hive.straight.nation' | has '^file:' || fail "straight isn't"
[ "$below_cold" -gt 0 ] || fail "the first run read nothing from below the cache"
[ "$cache_warm" -gt 0 ] && [ "$below_warm" = 0 ] || fail "the second run wasn't answered by the cache"
[ "$cache_straight" = 0 ] && [ "$below_straight" = 0 ] || fail "the straight run went through Alluxio"
