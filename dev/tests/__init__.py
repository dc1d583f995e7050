"""Tests of the local cluster, the images, the bundle's tools and the two commands; each folder mirrors one package."""
