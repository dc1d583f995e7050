#!/bin/bash
# Starts one role of Alluxio. The interface is that of the public image alluxio/alluxio:2.9.x, so that a manifest which runs
# on one runs on the other; that includes where it must fail.
set -eu

usage() {
  cat >&2 <<'END'
Usage: /entrypoint.sh ROLE [OPTION]

  master [--no-format]         master and job master
  master-only [--no-format]    master
  worker [--no-format]         worker and job worker
  worker-only [--no-format]    worker
  job-master | job-worker | proxy | logserver
  fuse [--fuse-opts=OPTION,...] [MOUNT_POINT [ALLUXIO_PATH]]

Without --no-format a master's journal or a worker's storage is formatted first.
END
  exit 1
}

export ALLUXIO_HOME=${ALLUXIO_HOME:-/opt/alluxio}
launch=$ALLUXIO_HOME/bin/launch-process

# The value of a property as the site file or ALLUXIO_JAVA_OPTS give it.
property() {
  local name=$1 default=$2 value=
  local site=${ALLUXIO_CONF_DIR:-$ALLUXIO_HOME/conf}/alluxio-site.properties
  if [[ -r $site ]]; then
    value=$(sed -n "s/^[[:space:]]*${name//./\\.}[[:space:]]*[=:][[:space:]]*//p" "$site" | tail -n 1)
  fi
  local option
  for option in ${ALLUXIO_JAVA_OPTS:-}; do
    if [[ $option == "-D$name="* ]]; then
      value=${option#*=}
    fi
  done
  echo "${value:-$default}"
}

# A memory tier without an explicit path is put on /dev/shm, whatever the site file says.
default_ram_folder() {
  local options="${ALLUXIO_JAVA_OPTS:-} ${ALLUXIO_WORKER_JAVA_OPTS:-}"
  if [[ $(property alluxio.worker.tieredstore.level0.alias MEM) == MEM &&
    $options != *alluxio.worker.tieredstore.level0.dirs.path* ]]; then
    export ALLUXIO_RAM_FOLDER=${ALLUXIO_RAM_FOLDER:-/dev/shm}
  fi
}

# What is set in the environment is kept for the command line tools of later shells.
write_environment() {
  local name
  for name in ALLUXIO_{CLASSPATH,HOSTNAME,JARS,RAM_FOLDER} \
    ALLUXIO_{,MASTER_,WORKER_,JOB_MASTER_,JOB_WORKER_,PROXY_,FUSE_,USER_}JAVA_OPTS; do
    if [[ -n ${!name:-} ]]; then
      echo "export $name=\"${!name}\"" >>"$ALLUXIO_HOME/conf/alluxio-env.sh"
    fi
  done
}

format_unless_told_not_to() {
  case "${2:-}" in
    --no-format) ;;
    "") "$ALLUXIO_HOME/bin/alluxio" "$1" ;;
    *) usage ;;
  esac
}

# Two processes in one container: a signal reaches both, and the container ends when both have ended.
launch_both() {
  "$launch" "$1" -c &
  local first=$!
  "$launch" "$2" -c &
  local second=$!
  # shellcheck disable=SC2064 # the ids are those of now
  trap "kill -TERM $first $second 2>/dev/null || true" TERM INT HUP
  local status=0
  while [[ -n $(jobs -pr) ]]; do
    wait || status=$?
  done
  exit "$status"
}

mount_fuse() {
  local options=
  if [[ ${1:-} == --fuse-opts=* ]]; then
    options=-Dalluxio.fuse.mount.options=${1#*=}
    shift
  fi
  local mount_point=${1:-${MOUNT_POINT:-/mnt/alluxio-fuse}} path=${2:-/}
  # A mount that a killed process left behind can't be listed, nor mounted over.
  fusermount -q -u -z "$mount_point" || true
  mkdir -p "$mount_point"
  export ALLUXIO_FUSE_JAVA_OPTS="${ALLUXIO_FUSE_JAVA_OPTS:-} $options \
-Dalluxio.fuse.mount.point=$mount_point -Dalluxio.fuse.mount.alluxio.path=$path"
  exec "$launch" fuse -c
}

role=${1:-}
option=${2:-}
default_ram_folder
cd "$ALLUXIO_HOME"
write_environment

case "$role" in
  master)
    format_unless_told_not_to formatMaster "$option"
    launch_both job_master master
    ;;
  master-only)
    format_unless_told_not_to formatMaster "$option"
    exec "$launch" master -c
    ;;
  worker)
    format_unless_told_not_to formatWorker "$option"
    launch_both job_worker worker
    ;;
  worker-only)
    format_unless_told_not_to formatWorker "$option"
    exec "$launch" worker -c
    ;;
  job-master) exec "$launch" job_master -c ;;
  job-worker) exec "$launch" job_worker -c ;;
  proxy) exec "$launch" proxy -c ;;
  logserver) exec "$launch" logserver -c ;;
  fuse)
    shift
    mount_fuse "$@"
    ;;
  *) usage ;;
esac
