# journal-back JOURNAL OPERATION ASIDE COPY: gives the journal that was set aside its name back.
# Only what this restore has created is deleted, and each step bears a repetition.
journal=$1 operation=$2 aside=$3 copy=$4
own="$journal/.restoring"
before="$journal/.before-$operation"
half="$journal/raft-half-$operation"
says() {
  found=''
  { read -r found < "$1"; } 2> /dev/null || :
  [ "$found" = "$2" ]
}
if [ ! -e "$before" ]; then
  echo "nothing was set aside here, or it is back: nothing to do"
  exit 0
fi
if says "$own" "$operation" && [ -d "$journal/raft" ] && [ ! -d "$half" ]; then
  mv "$journal/raft" "$half"
fi
# From here on, a journal is that of before.
rm -f "$own"
if says "$before" journal && [ -d "$aside" ]; then
  # An empty folder at most: the Job that set the journal aside ended before its last step.
  [ ! -d "$journal/raft" ] || rmdir "$journal/raft"
  mv "$aside" "$journal/raft"
elif says "$before" none && [ -d "$journal/raft" ]; then
  rmdir "$journal/raft"
fi
rm -rf "$half"
rm -f "$journal/.first-start" "$journal/.emptied" "$copy" "$copy.part"
sync "$journal" 2> /dev/null || sync
rm -f "$before"
echo "the journal of before is back"
