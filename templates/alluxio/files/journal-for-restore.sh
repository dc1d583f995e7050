# journal-for-restore JOURNAL MODE OPERATION ATTEMPT COPY SOURCE SHA256 NAME ASIDE: prepares an empty journal for the restore of a backup.
# With SOURCE, the backup is copied beside the journal first. NAME is how the spec names the backup.
# ASIDE is the folder that keeps the journal of before a restore in place; empty for a new cluster.
journal=$1 mode=$2 operation=$3 attempt=$4 copy=$5 source=$6 sum=$7 name=$8 aside=$9
own="$journal/.restoring"
before="$journal/.before-$operation"
make_journal() {
  : > "$journal/.first-start"
  mkdir "$journal/raft"
}
if [ "$mode" = empty ]; then
  # Only what this restore has created, and once per attempt: a Job's pod may run twice.
  says "$own" "$operation" || fail "JournalHasData: $own isn't of operation $operation, so the journal stays as it is"
  if [ -n "$aside" ] && [ ! -d "$aside" ] && ! says "$before" none; then
    fail "JournalHasData: neither $aside exists, nor does $before say that there was no journal, so the journal stays as it is"
  fi
  emptied=''
  { read -r emptied < "$journal/.emptied"; } 2> /dev/null || :
  case $emptied in '' | *[!0-9]*) emptied=0 ;; esac
  if [ "$attempt" -le "$emptied" ]; then
    echo "the journal was emptied before: nothing to do"
    exit 0
  fi
  rm -rf "$journal/raft"
  make_journal
  write "$journal/.emptied" "$attempt"
elif [ -d "$journal/raft" ]; then
  says "$own" "$operation" || fail "JournalHasData: $name: the journal's volume has a journal that this restore didn't create. Remedy: remove spec.bootstrap to serve it, or delete the AlluxioCluster and the PVC"
  echo "the journal already exists: nothing to do"
else
  if [ -n "$source" ]; then
    [ -f "$source" ] || fail "RestoreSourceMissing: $name: the volume has no file ${source#/*/}. Remedy: put it there, or delete the AlluxioCluster and create it with another backup"
    cp "$source" "$copy.part"
    if [ -n "$sum" ] && ! echo "$sum  $copy.part" | sha256sum -c - >/dev/null; then
      fail "RestoreSourceDamaged: $name: the checksum of file ${source#/*/} isn't $sum. Remedy: put the right file there, or delete the AlluxioCluster and create it with another backup"
    fi
    mv "$copy.part" "$copy"
  fi
  write "$own" "$operation"
  make_journal
fi
