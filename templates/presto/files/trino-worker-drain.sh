# drain PORT HEADER SECONDS: has a worker of Trino take no more work, and waits until it has none left. It ends by itself when
# its queries are done, and earlier when it had none for the SECONDS in which the coordinator takes notice; the pod's
# termination grace period bounds the waiting. bash's own /dev/tcp, since not every image has curl.
port=$1 header=$2 announce=$3
# ask LINE LENGTH BODY: one request; prints the answer, and fails when nobody listens any more.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  # 1.0, by which no answer comes in pieces.
  printf '%s\r\n' "$1 HTTP/1.0" "$header: alluxio-operator" 'Content-Type: application/json' "Content-Length: $2" '' >&3
  printf '%s' "$3" >&3
  cat <&3
} 2>/dev/null
# count NAME: one of the server's own measurements; none when it doesn't tell.
count() { ask "GET /v1/jmx/mbean/$1" 0 '' | tail -n 1 | grep -x '[0-9]*'; }
created() { count trino.execution:name=SqlTaskManager/CreatedTasks.TotalCount; }
running() { count trino.execution.executor.dedicated:name=ThreadPerDriverTaskExecutor/Tasks; }
idle=''
while answer=$(ask 'GET /v1/info/state' 0 ''); do
  case $answer in
    *'"DRAINED"'* | *'"SHUTTING_DOWN"'*) exit 0 ;;
    *'"DRAINING"'*)
      # At each look, since a task is counted as created before it is as running.
      [ "$(running)" = 0 ] || idle=''
      # What it had done before was fetched by now, as after the second waiting of a worker that had work.
      [ -z "$idle" ] || [ $((SECONDS - since)) -le "$announce" ] || [ "$(created)" != "$idle" ] || exit 0
      ;;
    *'"ACTIVE"'*)
      answer=$(ask 'PUT /v1/info/state' 10 '"DRAINING"')
      case $answer in
        'HTTP/1.1 401'* | 'HTTP/1.1 403'*)
          # Told in an event of the pod.
          echo "it may not be drained, and its queries fail: let the user alluxio-operator write system information" >&2
          exit 1
          ;;
      esac
      since=$SECONDS idle=$(created)
      ;;
  esac
  sleep 1
done
exit 0
