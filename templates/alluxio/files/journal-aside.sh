# journal-aside JOURNAL OPERATION ASIDE: renames the journal, and prepares an empty one for the restore of a backup.
# Each step bears a repetition: a Job's pod may end anywhere, and run twice. Each is on the disk before the next begins.
journal=$1 operation=$2 aside=$3
own="$journal/.restoring"
before="$journal/.before-$operation"
if [ -e "$journal/.over-$operation" ]; then
  echo "the journal of before is back: this pod comes too late, and has nothing to do"
  exit 0
fi
if says "$own" "$operation"; then
  echo "the journal was set aside before: nothing to do"
  exit 0
fi
# What is there is on record before it is renamed: an empty folder of this Job is no journal.
if [ ! -e "$before" ]; then
  # A volume that was away while another restore went back has that one's journal: it is kept, and none to go back to.
  for one in "$journal"/.before-*; do
    case $one in *.part) continue ;; esac
    if [ -e "$one" ]; then
      [ ! -d "$journal/raft" ] || mv "$journal/raft" "$journal/raft-other-${one##*/.before-}"
      flush "$journal"
      mv "$one" "$journal/.over-${one##*/.before-}"
    fi
  done
  if [ -d "$journal/raft" ]; then write "$before" journal; else write "$before" none; fi
fi
if says "$before" journal; then
  if [ ! -d "$aside" ]; then
    [ -d "$journal/raft" ] || fail "JournalMissing: $before says that there is a journal, and neither $journal/raft nor $aside exists"
    # Never into it, should another pod have renamed the journal just now. Not every mv has that option.
    mv -T "$journal/raft" "$aside" 2> /dev/null || {
      [ ! -d "$aside" ] || fail "JournalHasData: another pod has just renamed the journal to $aside: this one begins again"
      mv "$journal/raft" "$aside"
    }
    flush "$journal"
  fi
elif ! says "$before" none; then
  fail "JournalHasData: $before can't be read, so the journal stays as it is. Remedy: delete that file"
fi
[ ! -d "$aside" ] || echo "the journal of before is $aside"
mkdir -p "$journal/raft"
: > "$journal/.first-start"
rm -f "$journal/.emptied"
# Another pod wrote in between: the journal here is not the one on record.
rmdir "$journal/raft" || fail "JournalHasData: $journal/raft isn't empty, so it stays as it is"
mkdir "$journal/raft"
flush "$journal"
write "$own" "$operation"
