# unmount PATH: unmounts, and kills the process of the mount once its last file is closed. After a SIGTERM alone, Alluxio
# leaves the mount behind. After an unmount alone, Alluxio's shutdown handler fails, and its web server keeps the process
# running for the whole grace period. A mount in use disappears when its last user closes it.
umount "$1" || umount -l "$1"
for process in /proc/[0-9]*; do
  grep -aqs 'alluxio\.fuse\.[A]lluxioFuse' "$process/cmdline" || continue
  while readlink "$process"/fd/* 2>/dev/null | grep -qx /dev/fuse; do sleep 1; done
  kill -KILL "${process#/proc/}"
done
