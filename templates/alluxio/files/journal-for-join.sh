# Prepares the journal of a master that becomes a member of a quorum: an empty one, which the leader fills. The journal
# of a former member is moved away: it may be of another history, and would outvote the quorum's.
journal="$1" operation="$2"
prepared=''
{ read -r prepared < "$journal/.joins"; } 2>/dev/null || :
if [ "$prepared" = "$operation" ]; then
  echo "the journal is prepared for $operation already: nothing to do"
  exit 0
fi
before="$journal/raft-before-$operation"
if [ -d "$journal/raft" ] && [ ! -e "$before" ]; then
  mv "$journal/raft" "$before"
fi
mkdir -p "$journal/raft"
: > "$journal/.first-start"
echo "$operation" > "$journal/.joins.new"
mv "$journal/.joins.new" "$journal/.joins"
