. ../../support/lib.sh
refused() { [ "$(condition small FuseMounted reason)" = PodsRefused ]; }
within 150 refused
message=$(condition small FuseMounted message)
echo "$message"
grep -q 'violates PodSecurity' <<<"$message" || fail "not the API server's own words"
[ "$(condition small ServicesPublished status)" = True ] || fail "clients wait for FUSE"
k patch alx small --type merge -p '{"spec":{"fuse":{"enabled":false}}}' >/dev/null
ready() { [ "$(k get alx small -o jsonpath='{.status.phase}')" = Ready ]; }
within 90 ready
echo "without FUSE: Ready"
