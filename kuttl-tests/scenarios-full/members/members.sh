# What the steps of this story share: source it after lib.sh.
wish() { k patch alx ha --type merge -p "{\"spec\":{\"masters\":{\"replicas\":$1}}}" >/dev/null; }
journal() { k get alx ha -o jsonpath="{.status.journal.$1}"; }
# settled N: the quorum has N masters, the change is over, and every pod runs the current spec.
settled() {
    as_specified alx ha && [ "$(journal members)" = "$1" ] && [ -z "$(journal change)" ] \
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
