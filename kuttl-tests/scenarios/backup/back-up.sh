. ../../support/lib.sh
SECRET=hunter2hunter2
of() { k get alluxiobackup "$1" -o jsonpath="{.status.$2}"; }
ended() { [ "$(of "$1" phase)" = Completed ] || [ "$(of "$1" phase)" = Failed ]; }
on_master() { k exec small-master-0 -c master -- "$@"; }

echo "a namespace with files, and a mount with a secret among its options"
on_master sh -c 'mkdir -p /tmp/many /tmp/extra; for i in $(seq 30); do echo "$i" > "/tmp/many/$i"; done'
# Past the small cache, which reserves a block for each file.
alluxio small fs -Dalluxio.user.file.writetype.default=THROUGH copyFromLocal /tmp/many /many
alluxio small fs mount --option "aws.secretKey=$SECRET" /extra /tmp/extra

k apply -f backups.yaml
missing() { k get alluxiobackup of-none -o jsonpath='{.status.summary}' | has -F 'spec.clusterRef names AlluxioCluster none, which does'; }
within 30 missing

for name in plain clean; do
    within 120 ended "$name"
    echo "$name: $(of "$name" summary)"
    [ "$(of "$name" phase)" = Completed ] || fail "$name is $(of "$name" phase)"
    [ "$(of "$name" verified)" = true ] || fail "$name isn't verified"
    [ "$(of "$name" file.files)" = 30 ] || fail "$name has $(of "$name" file.files) files"
    [ "$(of "$name" restored.entries)" = "$(of "$name" file.entries)" ] || fail "$name: the numbers of entries differ"
done

echo "Alluxio's own file has the secret in clear"
uri=$(of plain run.uri)
on_master sh -c "zcat '$uri'" | has -aF "$SECRET" || fail "the test looks for the secret in the wrong way"

echo "the file in the volume doesn't have it, and Alluxio's own is gone"
location=$(of clean file.location)
image=$(k get statefulset small-master -o jsonpath='{.spec.template.spec.containers[0].image}')
k apply -f - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: reader
    image: $image
    imagePullPolicy: IfNotPresent
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    command: [sh, -c, 'sha256sum "\$0"; zcat "\$0" | grep -acF "$SECRET"', "/backups/${location#backups:}"]
    volumeMounts: [{name: backups, mountPath: /backups}]
  volumes: [{name: backups, persistentVolumeClaim: {claimName: backups}}]
POD
read_out() { k get pod reader -o jsonpath='{.status.phase}' | has -E 'Succeeded|Failed'; }
within 60 read_out
k logs reader
[ "$(k logs reader | head -1 | cut -d' ' -f1)" = "$(of clean file.sha256)" ] || fail "the checksum differs"
[ "$(k logs reader | tail -1)" = 0 ] || fail "the secret is in the volume"
if on_master sh -c 'ls -d /mnt/ufs/.alluxio-backups/*/clean-*' 2>/dev/null; then fail "Alluxio's own file is still there"; fi

echo "at the end of its time, the files go and the resource after them"
gone() { ! k get alluxiobackup plain >/dev/null 2>&1; }
within 120 gone
if on_master sh -c "ls '$uri'" 2>/dev/null; then fail "the file of the backup that is gone is still there"; fi
