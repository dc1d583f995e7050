# unmount PATH: takes the mount away, and ends the process behind it once its last file is closed. When it is only told to
# end, Alluxio leaves the mount behind; where that is gone its own handler fails, and its web server keeps the process for
# the whole grace period. One that is in use goes when nobody has it.
umount "$1" || umount -l "$1"
for process in /proc/[0-9]*; do
  grep -aqs 'alluxio\.fuse\.[A]lluxioFuse' "$process/cmdline" || continue
  while readlink "$process"/fd/* 2>/dev/null | grep -qx /dev/fuse; do sleep 1; done
  kill -KILL "${process#/proc/}"
done
