# What the steps of this story share: source it after lib.sh.
wish() { k patch alx ha --type merge -p "{\"spec\":{\"masters\":{\"replicas\":$1}}}" >/dev/null; }
journal() { k get alx ha -o jsonpath="{.status.journal.$1}"; }
# settled N: the quorum has N masters, the change is over, and every pod runs the current spec.
settled() {
    as_specified alx ha && [ "$(journal members)" = "$1" ] && [[ "$(journal change.state)" =~ ^(Leading)?$ ]] \
        && [ "$(k get alx ha -o jsonpath='{.status.masters.quorum}')" = "$1/$1" ] && [ "$(condition ha UpToDate status)" = True ]
}
# quorum: the members as the leader has them, by Alluxio's own tool.
quorum() { alluxio ha fsadmin journal quorum info -domain MASTER | grep -E 'ha-master' || true; }
# watch_change: print each step of the change and its time until it is over.
watch_change() {
    local said='' now until=$((SECONDS + $1))
    while [ "$SECONDS" -lt "$until" ]; do
        now=$(k get alx ha -o jsonpath='{.status.journal.members} {.status.journal.change.state} {.status.journal.change.members} {.status.masters.quorum} {.status.phase}')
        [ "$now" = "$said" ] || echo "$(date +%T) $now"
        said=$now
        if settled "$2"; then return 0; fi
        sleep 0.5
    done
    condition ha MembersChanged message
    return 1
}
# pair: two are members, and the change goes on.
pair() { [ "$(journal change.members)" = 2 ]; }
led() { [ "$(k get alx ha -o jsonpath='{.status.masters.leader}')" = ha-master-0 ]; }
# lose_leader: kill the leader's pod at once.
lose_leader() {
    local lost
    lost=$(k get alx ha -o jsonpath='{.status.masters.leader}')
    k delete pod "${lost:-ha-master-0}" --force --grace-period=0 >/dev/null 2>&1
    echo "$(date +%T) lost the leader ${lost:-ha-master-0}"
}
# scaled_by_hand: a StatefulSet that is scaled by hand starts no master on the journal of a former one.
scaled_by_hand() {
    k scale statefulset ha-master --replicas=3 >/dev/null
    sleep 15
    [ "$(quorum | grep -c AVAILABLE)" = 1 ] || fail "a former master has joined"
    alluxio ha fs ls / | has /after-the-first-three || fail "a former master leads"
}
# counted WHAT: end the client loop and print how many operations failed: a client that knows only the first master fails while
# another one leads for more than two minutes.
counted() {
    end_loop
    echo "$1: $FILES files, $FAILED failed, longest gap $LONGEST s"
}
# judged WHAT: end the client loop. No operation may fail but for those that a worker cut off when it restarted: a change of the
# masters' addresses restarts workers one after the other, as any rollout does.
judged() {
    local said
    said=$(mktemp)
    end_loop >"$said" || { cat "$said"; exit 1; }
    cat "$said"
    local others
    others=$(grep -E '^[0-9T:.-]+Z failed: ' "$said" | grep -cvE 'Stream is canceled by server|io exception|Failed to connect to remote server|No worker with workerId' || true)
    echo "$1: $FILES files, $FAILED failed, $others of them not by a worker that restarts, longest gap $LONGEST s"
    [ "$others" = 0 ] || fail "$others operations failed"
}
