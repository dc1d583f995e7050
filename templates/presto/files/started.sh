# started PORT: succeeds once the server has started. Its port is open before, and then reports that it is starting.
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /v1/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
grep '"starting":false' <&3 >/dev/null
