# drain PORT HEADER SECONDS: puts a worker of Trino into DRAINING, and waits until it has no work left. The worker reports
# DRAINED once its queries are done. One that had none for the SECONDS in which the coordinator notices doesn't wait for
# that. The pod's termination grace period limits the wait. It uses /dev/tcp of bash, since not every image has curl.
port=$1 header=$2 announce=$3
# ask LINE LENGTH BODY: sends a request and prints the answer; fails once the port is closed.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  # HTTP/1.0: its answers are not chunked.
  printf '%s\r\n' "$1 HTTP/1.0" "$header: alluxio-operator" 'Content-Type: application/json' "Content-Length: $2" '' >&3
  printf '%s' "$3" >&3
  cat <&3
} 2>/dev/null
# count NAME: prints a number of a JMX bean; nothing if the server doesn't report it.
count() { ask "GET /v1/jmx/mbean/$1" 0 '' | tail -n 1 | grep -x '[0-9]*'; }
created() { count trino.execution:name=SqlTaskManager/CreatedTasks.TotalCount; }
running() { count trino.execution.executor.dedicated:name=ThreadPerDriverTaskExecutor/Tasks; }
idle=''
while answer=$(ask 'GET /v1/info/state' 0 ''); do
  case $answer in
    *'"DRAINED"'* | *'"SHUTTING_DOWN"'*) exit 0 ;;
    *'"DRAINING"'*)
      # Each time: the server counts a task as created before it counts it as running.
      [ "$(running)" = 0 ] || idle=''
      # By now the results of its earlier tasks are fetched, as after the second wait of a worker that had work.
      [ -z "$idle" ] || [ $((SECONDS - since)) -le "$announce" ] || [ "$(created)" != "$idle" ] || exit 0
      ;;
    *'"ACTIVE"'*)
      answer=$(ask 'PUT /v1/info/state' 10 '"DRAINING"')
      case $answer in
        'HTTP/1.1 401'* | 'HTTP/1.1 403'*)
          # An event of the pod shows this message.
          echo "the worker refuses to drain, so its queries fail: let the user alluxio-operator write system information" >&2
          exit 1
          ;;
      esac
      since=$SECONDS idle=$(created)
      ;;
  esac
  sleep 1
done
exit 0
