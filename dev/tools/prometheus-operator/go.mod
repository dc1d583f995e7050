module alluxio-operator.io/dev/tools/prometheus-operator

go 1.26

// Nothing of it is built: its CRDs are what tests apply the PodMonitor to.
require github.com/prometheus-operator/prometheus-operator v0.85.0
