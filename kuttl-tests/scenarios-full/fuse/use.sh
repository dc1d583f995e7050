. ../../support/lib.sh
mount=/mnt/alluxio/samples/fuse
client fuse /mnt/alluxio/samples /mnt/alluxio/samples "/var/lib/alluxio-operator/sockets/$NAMESPACE/fuse" /alluxio-sockets
[ "$(condition fuse FuseMounted status)" = True ] || fail "FuseMounted: $(condition fuse FuseMounted message)"
[ "$(condition fuse ProxyServing status)" = True ] || fail "ProxyServing: $(condition fuse ProxyServing message)"

same() { [ "$(sort -u <<<"$1" | wc -l)" = 1 ] || fail "not the same: $1"; echo "$2: ${1:0:16}"; }
same "$(at_client "mkdir $mount/dir; head -c 20000000 /dev/urandom > /tmp/a; cp /tmp/a $mount/dir/a; sha256sum < /tmp/a
    alluxio fs cat /dir/a 2>/dev/null | sha256sum")" "written through the mount, read by a client"
same "$(at_client "head -c 20000000 /dev/urandom > /tmp/b; alluxio fs copyFromLocal /tmp/b /dir/b >/dev/null 2>&1; sha256sum < /tmp/b
    sha256sum < $mount/dir/b")" "written by a client, read through the mount"

# By S3 and by REST, through the Service; nothing but a shell is needed for a request without a body.
request() { at_client "exec 3<>/dev/tcp/fuse-proxy/39999; printf '$1' >&3; cat <&3"; }
s3='Authorization: AWS4-HMAC-SHA256 Credential=alluxio/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x'
request "GET /api/v1/s3/dir HTTP/1.1\r\nHost: x\r\n$s3\r\nConnection: close\r\n\r\n" | has '<Key>a</Key>' || fail "S3 doesn't list the file"
request 'POST /api/v1/paths//dir/a/exists HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' | has true || fail "REST doesn't know the file"
echo "S3 and REST know the file, too"

# Over the socket: the leader counts which way bytes were read.
domain() { k exec fuse-master-0 -c master -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/19999; printf "GET /metrics/prometheus/ HTTP/1.0\r\n\r\n" >&3; cat <&3' | awk '/^Cluster_BytesReadDomain / {printf "%.0f", $2}'; }
over_sockets() { [ "$(domain)" -gt 0 ]; }
within 30 over_sockets
echo "$(domain) bytes read over domain sockets"

# mounts: how many mounts the node's folder has, as a pod sees it that was there all the time.
mounts() { at_client "grep -c ' $mount fuse' /proc/mounts || true"; }
answers() { [ "$(mounts)" = 1 ] && at_client "timeout 5 sha256sum < $mount/dir/a" >/dev/null; }
pod_of_fuse() { k get pods -l app.kubernetes.io/component=fuse -o jsonpath='{.items[0].metadata.name}'; }
ready() { [ "$(k get daemonset fuse-fuse -o jsonpath='{.status.numberReady}')" = 1 ]; }
within 20 answers || fail "the mount does not answer"

began=$SECONDS
# Less than its grace period (60 s): by itself Alluxio's process uses up all of it.
k delete pod "$(pod_of_fuse)" --wait --timeout=45s >/dev/null
echo "the pod was gone after $((SECONDS - began)) s"
within 60 ready
within 20 answers
echo "pod deleted: the mount answers again after $((SECONDS - began)) s, once on the node"

# Killed, it can't clean up; the next process of the same pod does.
k exec "$(pod_of_fuse)" -c fuse -- pkill -KILL -f alluxio.fuse.AlluxioFuse || true
gone() { ! answers; }
within 10 gone
within 90 answers
echo "process killed: the mount answers again"

k delete pod "$(pod_of_fuse)" --grace-period=0 --force >/dev/null 2>&1
within 60 ready
within 60 answers
echo "pod ended by force: the mount answers again"

# A change that concerns the mount alone: it stays while nobody may replace it, and is replaced by the operator otherwise.
uid_of_fuse() { k get pods -l app.kubernetes.io/component=fuse -o jsonpath='{.items[*].metadata.uid}'; }
masters() { k get pods -l app.kubernetes.io/component=master -o jsonpath='{.items[*].metadata.uid}'; }
up_to_date() { [ "$(condition fuse UpToDate reason)" = "$1" ] && [ "$(k get alx fuse -o jsonpath='{.metadata.generation}')" = "$(k get alx fuse -o jsonpath='{.status.observedGeneration}')" ]; }
before=$(uid_of_fuse) masters=$(masters)
k patch alx fuse --type merge -p '{"spec":{"upgrade":{"strategy":"OnDelete"},"fuse":{"options":["allow_other","entry_timeout=30","attr_timeout=30"]}}}' >/dev/null
within 30 up_to_date WaitingForDeletion
condition fuse UpToDate message; echo
[ "$(uid_of_fuse)" = "$before" ] || fail "the mount was replaced though nobody deleted it"
answers || fail "the mount doesn't answer"
k patch alx fuse --type merge -p '{"spec":{"upgrade":{"strategy":"RollingUpdate"}}}' >/dev/null
within 30 up_to_date Replacing
within 180 up_to_date UpToDate
[ "$(uid_of_fuse)" != "$before" ] || fail "the mount wasn't replaced"
[ "$(masters)" = "$masters" ] || fail "a master was replaced for a mount"
within 20 answers
echo "changed: $(k get alx fuse -o jsonpath='{.status.fuse} {.status.history[-1].what} replaced {.status.history[-1].replaced}')"

k patch alx fuse --type merge -p '{"spec":{"fuse":{"enabled":false}}}' >/dev/null
unmounted() { [ "$(mounts)" = 0 ]; }
within 90 unmounted
at_client "ls -A $mount" | has . && fail "something is left below the mount"
echo "disabled: nothing is mounted"
