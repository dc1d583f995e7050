# write-files TO FILE=VARIABLE...: writes each file with the value of a variable.
to=$1
shift
umask 077
for pair in "$@"; do
  variable=${pair#*=}
  eval "value=\${$variable}"
  printf '%s' "$value" > "$to/${pair%%=*}"
done
