# check RESULT COMMAND...: runs a command that writes its result to a file, and makes it the container's termination message.
result=$1
shift
status=0
"$@" --result "$result" || status=$?
if [ -e "$result" ]; then
  cat "$result" > /dev/termination-log
fi
exit "$status"
