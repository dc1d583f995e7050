# Shared by the scripts of this story.
. ../../support/lib.sh
of() { k get alx small -o jsonpath="{.status.restoreInPlace.$1}"; }
gate() { condition small RestoredInPlace "$1"; }
in_state() { [ "$(of state)" = "$1" ]; }
ended() { in_state Restored || in_state WentBack || in_state Failed; }
ask() { k patch alx small --type merge -p "{\"spec\":{\"restoreInPlace\":{\"backupName\":\"$1\",\"confirmation\":null}}}"; }
awaiting() { in_state AwaitingConfirmation && [ "$(of backup)" = "$1" ]; }
# restore BACKUP: ask, say what would be lost, confirm, and wait until the cluster serves.
restore() {
    local began
    ask "$1"
    within 60 awaiting "$1"
    gate message
    echo
    began=$SECONDS
    k patch alx small --type merge -p "{\"spec\":{\"restoreInPlace\":{\"confirmation\":\"$(of confirmation)\"}}}"
    within 300 ended
    in_state Restored || fail "the restore ended in $(of state): $(gate message)"
    cluster_ready small
    echo "restored and Ready $((SECONDS - began)) s after the confirmation"
}
on_master() { k exec small-master-0 -c master -- "$@"; }
# The share of a file in the cache isn't part of its name.
names() { alluxio small fs ls -R /many | awk '{print $1, $2, $3, $4, $5, $6, $7, $NF}' | sed 's/ [0-9]*% / /' | sort; }
only_on_workers() { alluxio small fs -Dalluxio.user.file.writetype.default=MUST_CACHE copyFromLocal "$1" "$2"; }
