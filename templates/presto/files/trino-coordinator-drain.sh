# drain PORT HEADER: waits until a Trino coordinator, which has no graceful shutdown, has no query left. New queries are rare,
# because its pod is no longer behind the Service. The pod's termination grace period limits the wait.
port=$1 header=$2
queries() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf '%s\r\n' 'GET /v1/query HTTP/1.0' 'Host: localhost' "$header: alluxio-operator" 'Connection: close' '' >&3
  cat <&3
} 2>/dev/null
# Twice, because a client may begin a query before all nodes know that the Service has no such endpoint.
for _ in 1 2; do
  sleep 2
  while answer=$(queries) && grep -o '"state":"[A-Z_]*"' <<<"$answer" | grep -qv -e FINISHED -e FAILED; do
    sleep 1
  done
done
exit 0
