# unmount PATH: removes the mount, and kills its process after its last file is closed. On SIGTERM, Alluxio leaves the
# mount behind. Without the mount, Alluxio's signal handler fails, and its web server keeps the process for the whole grace
# period. A mount in use (umount -l) disappears after its last use.
umount "$1" || umount -l "$1"
for process in /proc/[0-9]*; do
  grep -aqs 'alluxio\.fuse\.[A]lluxioFuse' "$process/cmdline" || continue
  while readlink "$process"/fd/* 2>/dev/null | grep -qx /dev/fuse; do sleep 1; done
  kill -KILL "${process#/proc/}"
done
