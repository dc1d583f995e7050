# What stories of several masters, named ha, share: source it after lib.sh.
phase() { [ "$(k get alx ha -o jsonpath='{.status.phase}')" = "$1" ]; }
leader() { k get alx ha -o jsonpath='{.status.masters.leader}'; }
standby() { k get alx ha -o jsonpath='{.status.masters.members[?(@.role=="Standby")].name}' | cut -d' ' -f1; }
uid() { k get pod "$1" -o jsonpath='{.metadata.uid}'; }
another() { [ -n "$(uid "$1" 2>/dev/null)" ] && [ "$(uid "$1")" != "$2" ]; }
reason() { [ "$(condition ha "$1" reason)" = "$2" ]; }
members() { k get alx ha -o jsonpath='{range .status.masters.members[*]}{.name}={.role} {end}'; echo; }
# permitted POD...: the permissions on these pods.
permitted() { k get pods "$@" -o jsonpath='{range .items[*]}{.metadata.annotations.alluxio-operator\.io/journal-rejoin}{end}'; }

# whole: the quorum is complete again. Its status may still be that of before, so the pod in question is waited for first.
whole() { phase Ready && [ "$(k get alx ha -o jsonpath='{.status.masters.quorum}')" = 3/3 ]; }
pod_ready() { [ "$(k get pod "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]; }
# The leader may take minutes until it finds a master that came back under another address.
back() { within 180 pod_ready "$1" && within 300 whole; }
