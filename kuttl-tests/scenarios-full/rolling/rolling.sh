# What the steps of this story share: source it after lib.sh.
field() { k get alx ha -o "jsonpath={.status.$1}"; }
phase() { [ "$(field phase)" = "$1" ]; }
# settled GENERATION: the operator has followed this generation of the spec, and all is well.
settled() { [ "$(field observedGeneration)" = "$1" ] && phase Ready; }
generation() { k get alx ha -o jsonpath='{.metadata.generation}'; }
reason() { [ "$(condition ha "$1" reason)" = "$2" ]; }
uids() { k get pods -l "app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.uid}{"\n"}{end}' | sort; }
