# drain PORT HEADER: waits until a coordinator of Trino has no query left, since Trino cannot drain a coordinator. Hardly any
# new query arrives: the Service no longer leads to this pod. The pod's termination grace period limits the wait.
port=$1 header=$2
queries() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf '%s\r\n' 'GET /v1/query HTTP/1.0' 'Host: localhost' "$header: alluxio-operator" 'Connection: close' '' >&3
  cat <&3
} 2>/dev/null
# Twice: a client may start a query before all nodes know that the Service leads elsewhere.
for _ in 1 2; do
  sleep 2
  while answer=$(queries) && grep -o '"state":"[A-Z_]*"' <<<"$answer" | grep -qv -e FINISHED -e FAILED; do
    sleep 1
  done
done
exit 0
