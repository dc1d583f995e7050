# journal-for-join JOURNAL OPERATION: prepares the journal of a master that becomes a member of a quorum: an empty one,
# which the leader fills. The journal of a former member is moved away: it may be of another history, and would outvote
# the quorum's. The master's init container starts it only if the last line of this script has run for this operation.
journal="$1" operation="$2"
# Older versions of sync take no file.
flush() {
  sync "$@" 2> /dev/null || sync
}
prepared=''
{ read -r prepared < "$journal/.joins"; } 2>/dev/null || :
if [ "$prepared" = "$operation" ]; then
  echo "the journal is prepared for $operation already: nothing to do"
  exit 0
fi
# Operations sort by their time. A late pod of an earlier Job must not move the journal of a member away.
if expr "x$prepared" '>' "x$operation" > /dev/null; then
  echo "JournalHasData: the journal is prepared for $prepared, which is later than $operation, so it stays as it is" >&2
  exit 1
fi
before="$journal/raft-before-$operation"
if [ -d "$journal/raft" ] && [ ! -e "$before" ]; then
  mv "$journal/raft" "$before"
fi
mkdir -p "$journal/raft"
: > "$journal/.first-start"
flush "$journal"
echo "$operation" > "$journal/.joins.new"
flush "$journal/.joins.new"
mv "$journal/.joins.new" "$journal/.joins"
flush "$journal"
