"""Counts the requests of a firedrill lake on Apache Spark.

    spark-submit --master URL spark_rollup.py SQL FILES OUT

SQL is a file with the statement, in which the rows are called `requests`. FILES is a file with the path or URL
of one Parquet file of the lake per line; Spark reads these and no others. OUT is a folder that the driver and
every worker see; the answer is written there as Parquet, and replaces what was there.
"""
import sys

from pyspark.sql import SparkSession

sql, files, out = sys.argv[1:4]
with open(sql, encoding="utf-8") as text:
    statement = text.read().strip().rstrip(";")
with open(files, encoding="utf-8") as lines:
    paths = [line.rstrip("\n") for line in lines if line.strip()]
spark = SparkSession.builder.appName("firedrill rollup").getOrCreate()
# A file that is gone, or cut, must end this with an error, whatever the cluster's defaults are.
spark.conf.set("spark.sql.files.ignoreMissingFiles", "false")
spark.conf.set("spark.sql.files.ignoreCorruptFiles", "false")
spark.read.parquet(*paths).createOrReplaceTempView("requests")
spark.sql(statement).write.mode("overwrite").option("compression", "snappy").parquet(out)
spark.stop()
