. ./lib.sh
# tree: name and checksum of everything in both storages.
tree() { on_master sh -c 'cd /mnt && find ufs extra | sort && find ufs extra -type f -exec sha256sum {} + | sort -k2'; }

echo "200 files, some of them over their time, in the root and in a mount, and some that only the cache has"
on_master sh -c 'mkdir -p /tmp/many; for i in $(seq 200); do head -c $((i * 37)) /dev/urandom > "/tmp/many/$i"; done; echo over > /tmp/over'
alluxio small fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/many /many
alluxio small fs mount /extra /mnt/extra
for path in /over /extra/over; do
    alluxio small fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/over "$path"
    alluxio small fs setTtl --action delete "$path" 1
done
alluxio small fs -Dalluxio.user.file.writetype.default=ASYNC_THROUGH copyFromLocal /tmp/over /later
alluxio small fs -Dalluxio.user.file.writetype.default=MUST_CACHE copyFromLocal /tmp/over /never
back_up first small
before=$(tree)
pods=$(k get pods -l app.kubernetes.io/instance=small -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)

drill whole small 1000
[ "$(of whole phase) $(of whole passed)" = "Completed true" ] || fail "the drill is $(of whole phase)"
[ "$(of whole files.sampled) $(of whole files.matched) $(of whole files.comparedWith)" = "201 201 Volume" ] || fail "201 files should match"
[ "$(of whole files.onlyInAlluxio) $(of whole files.otherMounts)" = "2 1" ] || fail "2 files are in the cache only, and 1 in the mount"
[ "$(of whole backup)" = first ] || fail "another backup: $(of whole backup)"
after=$(tree)
[ "$before" = "$after" ] || fail "the storage has changed: $(diff <(echo "$before") <(echo "$after"))"
echo "both storages have the same $(wc -l <<< "$after") names and checksums as before"
nothing_left small
now=$(k get pods -l app.kubernetes.io/instance=small -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort)
[ "$pods" = "$now" ] || fail "pods of the cluster were replaced"
