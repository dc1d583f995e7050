# started PORT: tells whether the server has started; its port is open before that, and answers so.
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /v1/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
grep '"starting":false' <&3 >/dev/null
