# What becomes of the namespaces of stories, which kuttl leaves alone (`skipDelete`) since each would hold up the next story
# for half a minute.
#   leave   the story is over: $NAMESPACE goes
#   remove  what a story that failed has left behind goes, too
#   gone    none is left
set -euo pipefail
PATIENCE=120

stories() { kubectl get namespaces -o name | grep /kuttl-test- || true; }

case $1 in
    leave) kubectl delete namespace "$NAMESPACE" --wait=false ;;
    remove) stories | xargs -r kubectl delete --timeout="${PATIENCE}s" ;;
    gone)
        until=$((SECONDS + PATIENCE))
        while [ -n "$(stories)" ]; do
            if [ "$SECONDS" -ge "$until" ]; then
                echo "FAILED: after $PATIENCE s there are still these namespaces:" >&2
                stories | xargs kubectl get -o yaml >&2
                exit 1
            fi
            sleep 1
        done
        ;;
esac
