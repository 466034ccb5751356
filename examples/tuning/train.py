"""Fit a line to the points of one shard by gradient descent."""

import argparse
import json
import random

parser = argparse.ArgumentParser()
parser.add_argument("--shard", required=True)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--out", required=True)
options = parser.parse_args()

numbers = random.Random(options.shard)
points = []
for _ in range(200):
    x = numbers.uniform(-1, 1)
    points.append((x, 3 * x + 1 + numbers.uniform(-0.5, 0.5)))

slope = intercept = 0.0
for _ in range(50):
    errors = [(slope * x + intercept - y, x) for x, y in points]
    slope -= options.rate * sum(e * x for e, x in errors) / len(points)
    intercept -= options.rate * sum(e for e, _ in errors) / len(points)

print(f"{options.shard}: {slope:.3f} x + {intercept:.3f}")
with open(options.out, "w") as out:
    json.dump({"slope": slope, "intercept": intercept}, out)
