# drain PORT HEADER: shuts the server down gracefully, and waits until it has ended: the server ends once its queries are
# done. The pod's termination grace period limits the wait. It uses /dev/tcp of bash, since not every image has curl.
port=$1 header=$2
if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then
  exit 0
fi
printf '%s\r\n' 'PUT /v1/info/state HTTP/1.1' 'Host: localhost' "$header: alluxio-operator" \
  'Content-Type: application/json' 'Content-Length: 15' 'Connection: close' '' >&3
printf '"SHUTTING_DOWN"' >&3
cat <&3 >/dev/null
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  sleep 1
done
