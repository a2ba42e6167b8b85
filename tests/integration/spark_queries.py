"""Run by the interpreter of the Spark environment: reads ``{"file": "query over {t}"}``, prints the first row of each.

Spark stays on this machine: no UI, and its driver listens on the loopback address only.
"""

from __future__ import annotations

import json
import os
import sys


def answers(queries: dict[str, str]) -> dict[str, list[object]]:
    """The first row of each query, by file."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("engines")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.catalogImplementation": "in-memory",
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        return {file: list(spark.sql(query.format(t=f"parquet.`{file}`")).first()) for file, query in queries.items()}
    finally:
        spark.stop()


if __name__ == "__main__":
    json.dump(answers(json.load(sys.stdin)), sys.stdout)
