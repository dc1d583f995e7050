# in_bucket BUCKET [PREFIX]: key and checksum of each object, asked of the server itself.
in_bucket() {
    k exec s3-reader -- python3 -c '
import hashlib, sys, urllib.parse, urllib.request, xml.etree.ElementTree as xml
def get(path): return urllib.request.urlopen(f"http://s3:9001/{path}", timeout=10).read()
found = xml.fromstring(get(f"{sys.argv[1]}?prefix={urllib.parse.quote(sys.argv[2])}"))
for one in found.iter():
    if one.tag.rpartition("}")[2] == "Key":
        print(one.text, hashlib.sha256(get(f"{sys.argv[1]}/{urllib.parse.quote(one.text)}")).hexdigest())' "$1" "${2:-}"
}
has_object() { in_bucket "$1" "$2" | has .; }
lacks_object() { ! has_object "$@"; }
