# first-error COMMAND...: runs a command, and makes the first error of its output the container's termination message.
# Without a message, Kubernetes reports the end of the log (2 KiB), where consequences hide the cause. A run of more than ten
# minutes leaves none: its first error was no reason to stop. Only tools that every image with a shell has are used. Whatever
# fails here, as on a full disk, COMMAND runs, and its exit code is the container's.
folder=/tmp/first-error message=/dev/termination-log
rm -rf "$folder" || :
if ! { mkdir "$folder" && mkfifo "$folder/output" "$folder/copy"; }; then
  exec "$@"
fi
child='' stopped='' time=''
stop() {
  stopped=yes
  [ -z "$child" ] || kill -TERM "$child" || :
}
trap stop TERM INT
# Sets `time` to the time in seconds, or to nothing if that fails.
clock() {
  { date +%s > "$folder/time" && read -r time < "$folder/time"; } 2> /dev/null || time=''
}
# Stack frames would push the causes out. After the match, something has to read on, or the copy would block.
grep -a -v -E '^[[:space:]]+(at |\.\.\. [0-9]+ )' < "$folder/copy" | {
  grep -a -m 1 -A 20 -E \
    -e '^[0-9]{4}-[^[:space:]]+[[:space:]]+([^[:space:]]+[[:space:]]+)?(ERROR|FATAL)' \
    -e '^(Exception in thread |Error: |Error occurred during )' \
    -e '^[^0-9[:space:]].*: ([Pp]ermission denied|[Nn]o such file|[Nn]o space left|[Rr]ead-only file system)[a-z ]*$' \
    > "$folder/found" || :
  cat > /dev/null
} &
finder=$!
# Each of these waits until the other end is open. From then on, nothing needs the folder, which the command may remove.
exec 3> "$folder/copy"
(
  trap '' PIPE
  exec tee /dev/fd/3 < "$folder/output"
) &
copier=$!
exec 4> "$folder/output" 3>&-
clock
started=$time
"$@" >&4 2>&1 4>&- &
child=$!
exec 4>&-
[ -z "$stopped" ] || kill -TERM "$child" || :
while :; do
  status=0
  # A signal ends the wait, not the command.
  wait "$child" || status=$?
  kill -0 "$child" 2>/dev/null || break
done
if [ "$status" -gt 128 ]; then
  # The wait may have ended by a signal, and the command by itself right after it: only a second wait has its exit code.
  again=0
  wait "$child" 2> /dev/null || again=$?
  [ "$again" -eq 127 ] || status=$again
fi
# A process that outlives the command may hold the pipe open.
(
  sleep 5
  kill "$copier" "$finder"
) > /dev/null 2>&1 &
watchdog=$!
wait "$copier" || :
wait "$finder" || :
kill "$watchdog" || :
clock
if [ "$status" -ne 0 ] && [ -z "$stopped" ] && expr "$time" - "$started" '<=' 600 > /dev/null 2>&1; then
  { tr -d '\000' < "$folder/found" | head -c 4000 > "$message"; } 2> /dev/null || :
fi
exit "$status"
