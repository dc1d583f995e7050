. ../../support/lib.sh
taken() { [ "$(condition small DynamicConfigApplied status)" = True ] && [ "$(k get alx small -o jsonpath='{.status.observedGeneration}')" = "$(k get alx small -o jsonpath='{.metadata.generation}')" ]; }
uids() { k get pods -l app.kubernetes.io/name=alluxio -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.uid} {.status.containerStatuses[*].restartCount}{"\n"}{end}' | sort; }
# audited: lines of the audit log, in the file that Alluxio writes it to or among the rest.
audited() { { k exec small-master-0 -c master -- sh -c 'cat /opt/alluxio/logs/*audit* 2>/dev/null' || true; k logs small-master-0 -c master; } | grep -c 'cmd=' || true; }
before=$(uids)
alluxio small fs ls / >/dev/null
[ "$(audited)" = 0 ] || fail "calls are written down before anybody asked for it"
k patch alx small --type merge -p '{"spec":{"masters":{"properties":{"alluxio.master.audit.logging.enabled":"true"}}}}'
within 60 taken || { k get alx small -o yaml; fail "the leader isn't told"; }
condition small DynamicConfigApplied message; echo
alluxio small fs ls / >/dev/null
[ "$(audited)" -gt 0 ] || fail "it has no effect"
[ "$(uids)" = "$before" ] || fail "a pod was replaced"
k get configmap small-masterconf -o jsonpath='{.data}' | has 'alluxio.master.audit.logging.enabled=true' || fail "it would be lost with the next start"
k patch alx small --type json -p '[{"op":"remove","path":"/spec/masters/properties"}]'
within 60 taken || fail "the leader isn't told that it is gone"
[ "$(uids)" = "$before" ] || fail "a pod was replaced"
