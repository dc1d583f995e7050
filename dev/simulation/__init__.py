"""Stand-ins for nodes, pods and Alluxio, for tests of scale and faults; they prove nothing about Alluxio itself."""
