"""Print how far a model is from the line that the points were made from."""

import json
import sys

with open(sys.argv[1]) as file:
    model = json.load(file)

grid = [i / 50 - 1 for i in range(101)]
errors = [model["slope"] * x + model["intercept"] - (3 * x + 1) for x in grid]
print(sum(error * error for error in errors) / len(errors))
