# link-plugins FROM TO CONNECTOR: makes TO/plugin of links to the plugins in FROM. CONNECTOR, and each plugin with an Alluxio
# client, gets the client in TO/client instead of its own. Runs in Presto's image, in which the links lead to the same files.
from=$1 to=$2 connector=$3
rm -rf "$to/plugin"
mkdir "$to/plugin"
for plugin in "$from"/*; do
  name=${plugin##*/}
  wanted=
  if [ "$name" = "$connector" ]; then wanted=yes; fi
  for jar in "$plugin"/alluxio-*client*.jar; do
    if [ -e "$jar" ]; then wanted=yes; fi
  done
  if [ -z "$wanted" ]; then
    ln -s "$plugin" "$to/plugin/$name"
    continue
  fi
  mkdir "$to/plugin/$name"
  for file in "$plugin"/*; do
    case "${file##*/}" in
      alluxio-*client*.jar) ;;
      *) ln -s "$file" "$to/plugin/$name/" ;;
    esac
  done
  ln -s "$to"/client/*.jar "$to/plugin/$name/"
done
