# take-client TO IMAGE VERSION CLUSTER REASON: copies the client of Alluxio's image to TO/client. Runs in Alluxio's image.
to=$1 image=$2 version=$3 cluster=$4 reason=$5
folder=${ALLUXIO_HOME:-/opt/alluxio}/client
found=
for jar in "$folder"/alluxio-*client*.jar; do
  if [ -e "$jar" ]; then found=$jar; fi
done
if [ -e "$folder/alluxio-$version-client.jar" ]; then found=$folder/alluxio-$version-client.jar; fi
if [ -z "$found" ]; then
  {
    printf '%s: image %s has no %s/alluxio-*client*.jar: ' "$reason" "$image" "$folder"
    printf 'give AlluxioCluster %s an image with it, or set spec.alluxio.client to Image ' "$cluster"
    printf 'and spec.image to a Presto with that client\n'
  } | tee /dev/termination-log >&2
  exit 1
fi
rm -rf "$to/client"
mkdir "$to/client"
cp "$found" "$to/client/"
