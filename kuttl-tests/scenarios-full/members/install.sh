# One master and two workers; a volume that is lost for good is replaced after 30 s.
. ../../support/lib.sh
sed 's/^    replicas: 1/    replicas: 2/; s/^    replicas: 3/    replicas: 1\n    replaceAfterSeconds: 30/' ../../support/three-masters.yaml | k apply -f -
k annotate alx ha alluxio-operator.io/preview-member-changes=true
