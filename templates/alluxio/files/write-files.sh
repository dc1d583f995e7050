# write-files TO FILE=VARIABLE...: writes the value of each variable into its file.
to=$1
shift
umask 077
for pair in "$@"; do
  variable=${pair#*=}
  eval "value=\${$variable}"
  printf '%s' "$value" > "$to/${pair%%=*}"
done
