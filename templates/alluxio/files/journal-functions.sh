# Functions of the Jobs that set a journal aside, give it back, or prepare one for a restore. They come before the script,
# which sets $journal. Each step of such a script is on the disk before the next begins.
# The last line of the log becomes the termination message.
fail() {
  echo "$1" >&2
  exit 1
}
# Returns 0 if a file has a line of its own with these words only.
says() {
  found=''
  { read -r found < "$1"; } 2> /dev/null || :
  [ "$found" = "$2" ]
}
# Older versions of sync take no file.
flush() {
  sync "$@" 2> /dev/null || sync
}
write() {
  echo "$2" > "$1.part"
  flush "$1.part"
  mv "$1.part" "$1"
  # shellcheck disable=SC2154 # The script sets it.
  flush "$journal"
}
