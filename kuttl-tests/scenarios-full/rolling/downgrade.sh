. ../../support/lib.sh
. ../../support/client-loop.sh
. ./rolling.sh
start_loop ha read
k patch alx ha --type merge -p '{"spec":{"version":"2.9.3","upgrade":{"stepTimeoutSeconds":300}}}'
within 600 settled "$(generation)" || { k get alx ha -o yaml; k get pods -o wide; fail "it isn't Ready"; }
[ "$(field masters.version)" = 2.9.3 ] || fail "the leader says that it is $(field masters.version)"
end_loop
echo "$FILES reads, $FAILED failed, longest gap $LONGEST s"
[ "$FAILED" = 0 ] || fail "$FAILED reads failed"
