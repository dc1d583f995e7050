. ./in-place.sh

echo "a namespace with files: in the storage, and one that only a worker has"
on_master sh -c 'mkdir -p /tmp/many; for i in $(seq 30); do echo "$i" > "/tmp/many/$i"; done'
alluxio small fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/many /many
only_on_workers /tmp/many/1 /kept
before=$(names)
# Clocks differ: a file counts as newer if it was written within 5 s before the backup.
sleep 6
k apply -f backup.yaml
verified() { [ "$(k get alluxiobackup good -o jsonpath='{.status.verified}')" = true ]; }
within 150 verified
entries=$(k get alluxiobackup good -o jsonpath='{.status.file.entries}')

echo "then names are deleted, and files are written"
alluxio small fs rm -R --alluxioOnly /many
only_on_workers /tmp/many/2 /lost
alluxio small fs copyFromLocal /tmp/many/3 /later
worker=$(k get pod small-worker-0 -o jsonpath='{.metadata.uid}')

echo "nothing changes before the text was typed"
ask good
within 60 awaiting good
gate message | has -F 'Lost are 1 newer files that are only on workers' || fail "$(gate message)"
gate message | has -F '/lost' || fail "$(gate message)"
k patch alx small --type merge -p '{"spec":{"restoreInPlace":{"confirmation":"yes"}}}'
wrong() { [ "$(gate reason)" = WrongConfirmation ]; }
within 30 wrong
alluxio small fs cat /lost | has -x 2 || fail "the cluster doesn't serve"
[ "$(k get jobs -o name | has -c journal-i && echo some)" = "" ] || fail "a Job ran"

restore good
[ "$(of restore.entries)" = "$entries" ] || fail "$(of restore.entries) of $entries entries are restored"
after=$(names)
[ "$before" = "$after" ] || fail "the names differ: $(diff <(echo "$before") <(echo "$after"))"
alluxio small fs cat /many/7 | has -x 7 || fail "a restored file can't be read"
alluxio small fs cat /kept | has -x 1 || fail "a file in the memory of a worker was lost"
if alluxio small fs cat /lost 2>/dev/null; then fail "a file that no one has is still there"; fi
alluxio small fs -Dalluxio.user.file.metadata.sync.interval=0 ls / >/dev/null
alluxio small fs cat /later | has -x 3 || fail "a newer file of the storage didn't come back"
[ "$(k get pod small-worker-0 -o jsonpath='{.metadata.uid}')" = "$worker" ] || fail "the worker was replaced"
on_master ls -d "/journal/$(of aside)"
[ "$(k get alluxiobackup "$(of safetyBackup)" -o jsonpath='{.status.phase}')" = Completed ] || fail "there is no backup of before"

echo "a new file's blocks have numbers that no worker knows"
on_master sh -c 'echo new > /tmp/new'
alluxio small fs copyFromLocal /tmp/new /new
number=$(alluxio small fs stat /new | grep -o 'fileId=[0-9]*' | head -1 | cut -d= -f2)
echo "fileId $number, container $((number >> 24)), next $(of nextContainer)"
[ "$((number >> 24))" -ge "$(of nextContainer)" ] || fail "the numbers of blocks weren't raised"
