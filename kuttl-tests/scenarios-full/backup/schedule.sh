. ../../support/lib.sh
verified() { k get alluxiobackups -o jsonpath='{range .items[?(@.status.verified==true)]}{.metadata.name}{"\n"}{end}'; }
several_verified() { [ "$(verified | grep -c .)" -ge "$1" ]; }
in_bucket() {
    k exec lake-master-0 -c master -- python3 -c '
import sys, urllib.error, urllib.request
try:
    print(len(urllib.request.urlopen(f"http://s3:9001/{sys.argv[1]}", timeout=10).read()))
except urllib.error.HTTPError as error:
    print(error.code)' "$1"
}

echo "a schedule creates backups, and each is restored as a test"
within 120 several_verified 1
first=$(verified | head -1)
location=$(k get alluxiobackup "$first" -o jsonpath='{.status.file.location}')
bytes=$(k get alluxiobackup "$first" -o jsonpath='{.status.file.bytes}')
echo "$first: $location, $bytes bytes"
[ "$(in_bucket "${location#s3://}")" = "$bytes" ] || fail "the bucket has another file at $location"
[ "$(condition lake BackupHealthy reason)" = WithinObjective ] || fail "$(condition lake BackupHealthy message)"

echo "the retention ends the time of the first once there is a second"
within 120 several_verified 2
gone() { ! k get alluxiobackup "$first" >/dev/null 2>&1; }
within 180 gone
[ "$(in_bucket "${location#s3://}")" = 404 ] || fail "the file of a removed backup is still in the bucket"

echo "wrong keys are named, and the objective is missed later"
k patch secret lake-keys --type merge -p '{"stringData":{"WRONG":"wrong"}}'
k patch alx lake --type json -p '[{"op":"add","path":"/spec/backup/schedules/0/destination/s3/credentials/secretAccessKeyKey","value":"WRONG"}]'
denied() { k get alluxiobackups -o jsonpath='{.items[*].status.summary}' | has -F 'check the keys in the Secret'; }
within 150 denied
k get alluxiobackups
