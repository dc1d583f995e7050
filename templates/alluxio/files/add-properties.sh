# add-properties FROM TO PROPERTY=VARIABLE...: copies a configuration folder and adds properties to its site file, each
# with the value of a variable. All characters but ASCII letters and digits become Unicode escapes, so that Java reads
# any value unchanged.
from=$1 to=$2
shift 2
umask 077
cp "$from"/* "$to"
escaped() {
  LC_ALL=C od -An -v -tu1 | LC_ALL=C awk '
    function unit(code) { printf "\\u%04x", code }
    function character(code) {
      if (code < 65536) { unit(code); return }
      code -= 65536
      unit(55296 + int(code / 1024)); unit(56320 + code % 1024)
    }
    { for (i = 1; i <= NF; i++) {
        byte = $i + 0
        if (byte >= 240) { left = 3; code = byte - 240 }
        else if (byte >= 224) { left = 2; code = byte - 224 }
        else if (byte >= 192) { left = 1; code = byte - 192 }
        else if (byte >= 128) { code = code * 64 + byte - 128; if (--left == 0) character(code) }
        else if (byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122) printf "%c", byte
        else unit(byte)
      }
    }'
}
for pair in "$@"; do
  variable=${pair#*=}
  eval "value=\${$variable}"
  { printf '%s=' "${pair%%=*}"; printf '%s' "$value" | escaped; echo; } >> "$to/alluxio-site.properties"
done
