"""Write the names of the shards as a JSON list."""

import argparse
import json

parser = argparse.ArgumentParser()
parser.add_argument("--out", required=True)
options = parser.parse_args()

with open(options.out, "w") as out:
    json.dump(["north", "east", "south", "west"], out)
