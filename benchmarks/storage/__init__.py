"""The store beside plain Parquet and beside other tools: saves, loads, bytes, memory, growth.

saves     each edit, ten edits in a row, loads      peers     the same work by DVC, git-lfs, delta-rs, Lance, Oxen
memory    frames and streams                        growth    more rows, more columns
history   10,000 snapshots and 1,000 commits
"""
