. ../../support/lib.sh
refused() { [ "$(condition small FuseMounted reason)" = PodsRefused ]; }
published() { [ "$(condition small ServicesPublished status)" = True ]; }
within 180 refused
message=$(condition small FuseMounted message)
echo "$message"
grep -q 'violates PodSecurity' <<<"$message" || fail "not the API server's own words"
within 30 published || fail "clients wait for FUSE"
