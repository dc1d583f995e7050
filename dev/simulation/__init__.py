"""Stand-ins for nodes, pods and Alluxio where scale or faults are the subject; no proof that Alluxio itself works."""
