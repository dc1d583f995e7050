. ./lib.sh
# in_bucket: name, ETag and size of all objects, asked of the server itself.
in_bucket() {
    k exec lake-master-0 -c master -- python3 -c '
import re, urllib.request
found, token = [], ""
while True:
    url = f"http://s3:9001/lake?list-type=2{token}"
    text = urllib.request.urlopen(url, timeout=10).read().decode()
    for part in re.findall("<Contents>(.*?)</Contents>", text, re.S):
        found.append(tuple(re.search(f"<{name}>(.*?)</{name}>", part, re.S)[1] for name in ("Key", "ETag", "Size")))
    more = re.search("<NextContinuationToken>(.*?)</NextContinuationToken>", text)
    if not more:
        break
    token = f"&continuation-token={more[1]}"
print("\n".join(map(str, sorted(found))))'
}

k delete alx small --wait=false
k apply -f lake.yaml
cluster_ready lake 240
k exec lake-master-0 -c master -- sh -c 'mkdir -p /tmp/many; for i in $(seq 100); do head -c $((i * 997)) /dev/urandom > "/tmp/many/$i"; done'
# Below an empty prefix of a bucket Alluxio makes no folder.
k exec lake-master-0 -c master -- sh -c 'echo first > /tmp/first'
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/first /first
alluxio lake fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/many /many
alluxio lake fs setTtl --action delete /many/1 86400000
back_up of-lake lake
before=$(in_bucket)
drill lake lake 50
[ "$(of lake phase)" = Completed ] || fail "the drill is $(of lake phase)"
[ "$(of lake files.listed) $(of lake files.sampled) $(of lake files.matched) $(of lake files.comparedWith)" = "101 50 50 S3" ] || fail "50 of 101 files should match"
after=$(in_bucket)
[ "$before" = "$after" ] || fail "the bucket has changed: $(diff <(echo "$before") <(echo "$after"))"
echo "the bucket has the same $(wc -l <<< "$after") objects as before"
nothing_left lake
