# Sourced by the scripts in bin: turns the environment into a class path and Java options.
# shellcheck shell=bash

ALLUXIO_HOME=${ALLUXIO_HOME:-/opt/alluxio}
ALLUXIO_CONF_DIR=${ALLUXIO_CONF_DIR:-$ALLUXIO_HOME/conf}
ALLUXIO_LOGS_DIR=${ALLUXIO_LOGS_DIR:-$ALLUXIO_HOME/logs}
ALLUXIO_USER_LOGS_DIR=${ALLUXIO_USER_LOGS_DIR:-$ALLUXIO_LOGS_DIR/user}
ALLUXIO_LOGSERVER_LOGS_DIR=${ALLUXIO_LOGSERVER_LOGS_DIR:-$ALLUXIO_HOME/logs}

if [[ -r $ALLUXIO_CONF_DIR/alluxio-env.sh ]]; then
  # shellcheck source=/dev/null
  . "$ALLUXIO_CONF_DIR/alluxio-env.sh"
fi

JAVA=${JAVA:-${JAVA_HOME:-/usr}/bin/java}

# Class data that the image prepared is valid for exactly this list of jars, so the list is a file and what varies comes
# after it: unless there is an ALLUXIO_CLASSPATH, whose classes must win.
class_path() {
  local jars
  read -r jars <"$ALLUXIO_HOME/lib/classpath"
  if [[ -n ${ALLUXIO_CLASSPATH:-} ]]; then
    echo "$ALLUXIO_CONF_DIR/:$ALLUXIO_CLASSPATH:$jars"
  else
    echo "$jars:$ALLUXIO_CONF_DIR/"
  fi
}

# Java options that every process gets. The first two are this image's: it has no web UI, and it never calls home.
common_options() {
  local options="-Dalluxio.web.ui.enabled=false -Dalluxio.master.update.check.enabled=false"
  if [[ -z ${ALLUXIO_CLASSPATH:-} && -r $ALLUXIO_HOME/lib/classes.jsa ]]; then
    options+=" -XX:SharedArchiveFile=$ALLUXIO_HOME/lib/classes.jsa"
  fi
  options+=" ${ALLUXIO_JAVA_OPTS:-}"
  options+=" -Dalluxio.home=$ALLUXIO_HOME -Dalluxio.conf.dir=$ALLUXIO_CONF_DIR"
  options+=" -Dalluxio.logs.dir=$ALLUXIO_LOGS_DIR -Dalluxio.user.logs.dir=$ALLUXIO_USER_LOGS_DIR"
  if [[ -n ${ALLUXIO_RAM_FOLDER:-} ]]; then
    options+=" -Dalluxio.worker.tieredstore.level0.alias=MEM"
    options+=" -Dalluxio.worker.tieredstore.level0.dirs.path=$ALLUXIO_RAM_FOLDER"
  fi
  if [[ -n ${ALLUXIO_MASTER_HOSTNAME:-} ]]; then
    options+=" -Dalluxio.master.hostname=$ALLUXIO_MASTER_HOSTNAME"
  fi
  if [[ -n ${ALLUXIO_MASTER_MOUNT_TABLE_ROOT_UFS:-} ]]; then
    options+=" -Dalluxio.master.mount.table.root.ufs=$ALLUXIO_MASTER_MOUNT_TABLE_ROOT_UFS"
  fi
  if [[ -n ${ALLUXIO_WORKER_RAMDISK_SIZE:-} ]]; then
    options+=" -Dalluxio.worker.ramdisk.size=$ALLUXIO_WORKER_RAMDISK_SIZE"
  fi
  options+=" -Dlog4j.configuration=file:$ALLUXIO_CONF_DIR/log4j.properties"
  options+=" -Djava.net.preferIPv4Stack=true"
  options+=" -Dorg.apache.jasper.compiler.disablejsr199=true"
  options+=" -Dorg.apache.ratis.thirdparty.io.netty.allocator.useCacheForAllThreads=false"
  if [[ -n ${ALLUXIO_LOGSERVER_HOSTNAME:-} ]]; then
    options+=" -Dalluxio.logserver.hostname=$ALLUXIO_LOGSERVER_HOSTNAME"
  fi
  if [[ -n ${ALLUXIO_LOGSERVER_PORT:-} ]]; then
    options+=" -Dalluxio.logserver.port=$ALLUXIO_LOGSERVER_PORT"
  fi
  echo "$options"
}
