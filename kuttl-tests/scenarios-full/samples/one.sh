# one.sh SAMPLE [SED]: apply a sample, write and read a file through it, and remove it.
. ../../support/lib.sh
sample=../../../config/samples/$1.yaml
name=$(sed -n 's/^  name: //p' "$sample" | head -1)
sed "${2:-}" "$sample" | k apply -f -
began=$SECONDS
cluster_ready "$name"
echo "$1: Ready after $((SECONDS - began)) s, $(k get alx "$name" -o jsonpath='{.status.summary}')"
roundtrip "$name"
k delete alx "$name" --wait >/dev/null
gone() { [ -z "$(k get pods -l alluxio-operator.io/owner="$name" -o name)" ]; }
within 120 gone
