# remove-sockets FOLDER: removes the domain sockets in a folder that only this worker uses. Alluxio creates one with a new
# name at each start and leaves it behind, where clients would take it for a worker of their node.
for socket in "$1"/*; do
  if [ -S "$socket" ]; then rm -f "$socket"; fi
done
