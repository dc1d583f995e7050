. ../../support/lib.sh
client two-tiers

# used TIER: what Alluxio's own report says that a tier holds, in MiB; the room that it reserves is counted as used.
used() {
    at_client 'alluxio fsadmin report capacity 2>/dev/null' |
        awk -v tier="$1" '/Used Capacity/ {on = 1} on && $2 == tier {sub(/[.].*/, "", $4); print $4; exit}'
}
# tiers_of FILE: on which tier each of its blocks is.
tiers_of() { at_client "alluxio fs stat /t/$1 2>/dev/null" | grep '^BlockInfo' | grep -o 'tierAlias=[A-Z]*' | sort | uniq -c | tr -s ' \n' ' '; }
in_memory() { tiers_of "$1" | has MEM && ! tiers_of "$1" | has SSD; }
on_disk() { tiers_of "$1" | has SSD; }

at_client '
    mkdir /tmp/data && cd /tmp/data
    for i in $(seq 16); do head -c 25165824 /dev/urandom > f$i; done
    sha256sum f* > /tmp/sums
    alluxio fs mkdir /t
    alluxio fs -Dalluxio.user.block.size.bytes.default=8MB copyFromLocal /tmp/data/ /t/
' >/dev/null
mem=$(used MEM) ssd=$(used SSD)
echo "384 MiB written: $mem MiB on MEM, $ssd MiB on SSD"
[ "$mem" -ge 128 ] || fail "memory isn't used"
[ "$ssd" -ge 100 ] || fail "nothing went on to the next tier"

victims=() others=()
for i in $(seq 16); do
    if in_memory "f$i"; then victims+=("f$i"); else others+=("f$i"); fi
done
[ ${#victims[@]} -gt 0 ] && [ ${#others[@]} -gt 0 ] || fail "all on one tier: ${victims[*]} | ${others[*]}"
echo "in memory: ${victims[*]}; not, or not wholly: ${others[*]}"

# What is read again and again comes up, and what lay there goes down.
moved() {
    at_client "for f in ${others[*]}; do alluxio fs cat /t/\$f; done 2>/dev/null | sha256sum" >/dev/null
    local file
    for file in "${victims[@]}"; do
        if on_disk "$file"; then
            echo "$file: $(tiers_of "$file")"
            return 0
        fi
    done
    return 1
}
within 150 moved
moved
echo "afterwards: $(used MEM) MiB on MEM, $(used SSD) MiB on SSD"

at_client '
    mkdir /tmp/back && cd /tmp/back
    for i in $(seq 16); do alluxio fs cat /t/f$i > f$i 2>/dev/null; done
    sha256sum --quiet -c /tmp/sums && echo "all 16 files read back as they were written"
'

# The volume outlives the pod: its blocks are known again without being read from the UFS. Memory is empty then, so Alluxio
# moves as many of them up as fit: they are counted on both tiers.
blocks() { k exec two-tiers-worker-0 -c worker -- sh -c "find $* -path '*/.tmp_blocks' -prune -o -type f -print | wc -l"; }
before=$(blocks /tiers/ssd)
[ "$before" -gt 0 ] || fail "nothing is on the volume"
k delete pod two-tiers-worker-0 --wait >/dev/null
ready() { [ "$(k get pod two-tiers-worker-0 -o jsonpath='{.status.containerStatuses[?(@.name=="worker")].ready}')" = true ]; }
within 120 ready
kept() { [ "$(blocks /tiers/mem /tiers/ssd)" -ge "$before" ]; }
within 20 kept || fail "of $before blocks on the volume $(blocks /tiers/mem /tiers/ssd) are left"
echo "blocks on the volume before the pod went: $before; cached after its return: $(blocks /tiers/mem /tiers/ssd)"
known() { [ $(($(used MEM) + $(used SSD))) -ge $((before * 8)) ]; }
within 60 known
