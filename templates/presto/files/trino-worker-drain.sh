# drain PORT HEADER SECONDS: drains a Trino worker: it accepts no new tasks, and ends after its running ones. The script also
# ends if the worker had no task for SECONDS, in which the coordinator notices the drain. The pod's termination grace period
# limits the wait. It uses bash's /dev/tcp, because not every image has curl.
port=$1 header=$2 announce=$3
# ask LINE LENGTH BODY: sends one request and prints the answer; fails if the port is closed.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  # HTTP/1.0, because its answers have no chunks.
  printf '%s\r\n' "$1 HTTP/1.0" "$header: alluxio-operator" 'Content-Type: application/json' "Content-Length: $2" '' >&3
  printf '%s' "$3" >&3
  cat <&3
} 2>/dev/null
# count NAME: prints one of the server's JMX metrics; nothing without an answer.
count() { ask "GET /v1/jmx/mbean/$1" 0 '' | tail -n 1 | grep -x '[0-9]*'; }
created() { count trino.execution:name=SqlTaskManager/CreatedTasks.TotalCount; }
running() { count trino.execution.executor.dedicated:name=ThreadPerDriverTaskExecutor/Tasks; }
idle=''
while answer=$(ask 'GET /v1/info/state' 0 ''); do
  case $answer in
    *'"DRAINED"'* | *'"SHUTTING_DOWN"'*) exit 0 ;;
    *'"DRAINING"'*)
      # At each check, because the server counts a task as created before it counts it as running.
      [ "$(running)" = 0 ] || idle=''
      # By now clients have fetched the results of earlier tasks, as after the second wait of a worker that had tasks.
      [ -z "$idle" ] || [ $((SECONDS - since)) -le "$announce" ] || [ "$(created)" != "$idle" ] || exit 0
      ;;
    *'"ACTIVE"'*)
      answer=$(ask 'PUT /v1/info/state' 10 '"DRAINING"')
      case $answer in
        'HTTP/1.1 401'* | 'HTTP/1.1 403'*)
          # The kubelet shows it in an Event of the pod.
          echo "not permitted to drain, so queries fail: let the user alluxio-operator write system information" >&2
          exit 1
          ;;
      esac
      since=$SECONDS idle=$(created)
      ;;
  esac
  sleep 1
done
exit 0
