# drain PORT HEADER: has a worker of Trino take no more work, and waits until it has none left. It ends by itself when its
# queries are done; the pod's termination grace period bounds the waiting. bash's own /dev/tcp, since not every image has curl.
port=$1 header=$2
# ask LINE LENGTH BODY: one request; prints the answer, and fails when nobody listens any more.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf '%s\r\n' "$1 HTTP/1.1" 'Host: localhost' "$header: alluxio-operator" \
    'Content-Type: application/json' "Content-Length: $2" 'Connection: close' '' >&3
  printf '%s' "$3" >&3
  cat <&3
} 2>/dev/null
while answer=$(ask 'GET /v1/info/state' 0 ''); do
  case $answer in
    *'"DRAINED"'* | *'"SHUTTING_DOWN"'*) exit 0 ;;
    *'"ACTIVE"'*)
      answer=$(ask 'PUT /v1/info/state' 10 '"DRAINING"')
      case $answer in
        'HTTP/1.1 401'* | 'HTTP/1.1 403'*)
          # Told in an event of the pod.
          echo "it may not be drained, and its queries fail: let the user alluxio-operator write system information" >&2
          exit 1
          ;;
      esac
      ;;
  esac
  sleep 1
done
exit 0
