# The namespaces of this story beside $NAMESPACE: one for each cause, since a quota holds for a whole namespace.
set -euo pipefail
for cause in limits policy class volumes; do
    case $1 in
        create) kubectl create namespace "$NAMESPACE-$cause" ;;
        remove) kubectl delete namespace "$NAMESPACE-$cause" --wait=false ;;
    esac
done
