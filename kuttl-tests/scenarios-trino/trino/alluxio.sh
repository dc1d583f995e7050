. ../../support/lib.sh
k apply -f ../../support/cluster.yaml -f ../../support/metastore.yaml
k wait pod/metastore --for=condition=Ready --timeout=120s
k patch presto queries --type merge -p '{"spec":{
  "alluxio":{"clusterRef":{"name":"small"}},
  "catalogs":[
    {"name":"tpch","tpch":{"splitsPerNode":2}},
    {"name":"hive","hive":{"thrift":{"uris":["thrift://metastore:9083"]}},
     "properties":{"hive.metastore.thrift.client.read-timeout":"60s"}}],
  "coordinator":{"jvm":{"heap":"512Mi"}},
  "workers":{"jvm":{"heap":"768Mi"}}}}'
presto_ready queries 300
bash ../../scenarios-full/presto-alluxio/tables.sh
