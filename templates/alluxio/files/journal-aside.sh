# journal-aside JOURNAL OPERATION ASIDE: renames the journal, and prepares an empty one for the restore of a backup.
# Each step bears a repetition: a Job's pod may end anywhere, and run twice.
journal=$1 operation=$2 aside=$3
own="$journal/.restoring"
before="$journal/.before-$operation"
# Returns 0 if a file has a line of its own with these words only.
says() {
  found=''
  { read -r found < "$1"; } 2> /dev/null || :
  [ "$found" = "$2" ]
}
if says "$own" "$operation"; then
  echo "the journal was set aside before: nothing to do"
  exit 0
fi
# What is there is on record before it is renamed: an empty folder of this Job is no journal.
if [ ! -e "$before" ]; then
  if [ -d "$journal/raft" ]; then echo journal; else echo none; fi > "$before.part"
  mv "$before.part" "$before"
fi
if says "$before" journal && [ ! -d "$aside" ]; then
  mv "$journal/raft" "$aside"
fi
[ ! -d "$aside" ] || echo "the journal of before is $aside"
mkdir -p "$journal/raft"
: > "$journal/.first-start"
rm -f "$journal/.emptied"
sync "$journal" 2> /dev/null || sync
echo "$operation" > "$own"
