# restore WORK: runs a master until the other container has its proof, or until the master ends by itself.
work=$1
mkdir -p "$work/journal/raft" "$work/root" "$work/metastore"
/entrypoint.sh master-only --no-format &
master=$!
trap 'kill -TERM "$master" 2>/dev/null || :' TERM INT
while [ ! -e "$work/done" ]; do
  if ! kill -0 "$master" 2>/dev/null; then
    : > "$work/ended"
    wait "$master" || exit "$?"
    echo "the master ended before it had restored the backup" >&2
    exit 1
  fi
  sleep 1
done
kill -TERM "$master" 2>/dev/null || :
wait "$master" || :
