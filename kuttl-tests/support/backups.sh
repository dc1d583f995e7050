# AlluxioBackups in stories: source it after lib.sh.

# of BACKUP FIELD: a field of its status.
of() { k get alluxiobackup "$1" -o jsonpath="{.status.$2}"; }
ended() { [ "$(of "$1" phase)" = Completed ] || [ "$(of "$1" phase)" = Failed ]; }

# back_up CLUSTER NAME [SPEC]: create a backup with more fields of its spec, in JSON without braces, and wait until it is verified.
back_up() {
    k apply -f - >/dev/null <<BACKUP
{"apiVersion": "alluxio-operator.io/v1alpha1", "kind": "AlluxioBackup", "metadata": {"name": "$2"},
 "spec": {"clusterRef": {"name": "$1"}${3:+, $3}}}
BACKUP
    within 180 ended "$2" || { k get alluxiobackup "$2" -o yaml; fail "$2 has no end"; }
    echo "$2: $(of "$2" phase), $(of "$2" summary), $(of "$2" file.location)"
    [ "$(of "$2" phase) $(of "$2" verified)" = "Completed true" ] || { k get alluxiobackup "$2" -o yaml; fail "$2 isn't verified"; }
    [ "$(of "$2" restored.entries)" = "$(of "$2" file.entries)" ] || fail "$2: the numbers of entries differ"
}

# names CLUSTER FOLDER: its names with all but the share of each file that is in the cache.
names() { alluxio "$1" fs ls -R "$2" | awk '{print $1, $2, $3, $4, $5, $6, $7, $NF}' | sed 's/ [0-9]*% / /' | sort; }

# restored CLUSTER FIELD: a field of the status of its restore.
restored() { k get alx "$1" -o jsonpath="{.status.restore.$2}"; }

# in_place_of CLUSTER FILE NAME BACKUP: delete a cluster, and apply FILE, which creates the cluster NAME from the backup.
in_place_of() {
    local entries
    entries=$(of "$4" file.entries)
    k delete alx "$1" --wait --timeout=60s
    stopped() { ! k get pod "$1-master-0" >/dev/null 2>&1; }
    within 60 stopped "$1"
    k apply -f "$2"
    cluster_ready "$3"
    k get alx "$3" -o jsonpath='{.status.restore}{"\n"}'
    [ "$(restored "$3" state) $(restored "$3" entries) $(restored "$3" attempt)" = "Restored $entries 1" ] ||
        fail "the restore is $(restored "$3" state) with $(restored "$3" entries) of $entries entries"
}
