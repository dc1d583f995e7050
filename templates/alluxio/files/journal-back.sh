# journal-back JOURNAL OPERATION ASIDE COPY: gives the journal that was set aside its name back.
# Only what this restore has created is deleted. Each step bears a repetition, and is on the disk before the next begins.
journal=$1 operation=$2 aside=$3 copy=$4
own="$journal/.restoring"
before="$journal/.before-$operation"
half="$journal/raft-half-$operation"
# From here on, a late pod of the Job that sets aside does nothing.
: > "$journal/.over-$operation"
flush "$journal"
if [ ! -e "$before" ]; then
  echo "nothing was set aside here, or it is back: nothing to do"
  exit 0
fi
if ! says "$before" journal && ! says "$before" none; then
  # The folder that was set aside tells as much. Without it, a journal that this restore hasn't begun is that of before.
  if [ ! -d "$aside" ] && says "$own" "$operation"; then
    fail "JournalMissing: $before can't be read, and $aside doesn't exist: it isn't known whether there was a journal. Remedy: write 'none' or 'journal' into that file"
  fi
  write "$before" journal
fi
if [ -d "$journal/raft" ] && { [ -d "$aside" ] || says "$before" none; }; then
  if says "$own" "$operation"; then
    [ -d "$half" ] || mv "$journal/raft" "$half"
  elif ! rmdir "$journal/raft" 2> /dev/null; then
    # Its origin is unknown.
    mv "$journal/raft" "$journal/raft-other-$operation"
  fi
  flush "$journal"
fi
# From here on, a journal is that of before.
rm -f "$own"
flush "$journal"
if [ -d "$aside" ]; then
  # An empty folder at most.
  [ ! -d "$journal/raft" ] || rmdir "$journal/raft"
  mv "$aside" "$journal/raft"
  flush "$journal"
fi
rm -rf "$half"
rm -f "$journal/.first-start" "$journal/.emptied" "$copy" "$copy.part"
flush "$journal"
rm -f "$before"
flush "$journal"
echo "the journal of before is back"
