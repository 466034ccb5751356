# The example `tuning` finds the model that a loop in Python finds.
. "${0%/*}/lib"

cat > reference.py <<'END'
import json, subprocess, sys

def python(*arguments):
    return subprocess.run([sys.executable, *arguments], check=True,
                          capture_output=True, text=True).stdout

python("list_shards.py", "--out", "shards.json")
tried = []
for shard in json.load(open("shards.json")):
    for rate in ("0.1", "0.01"):
        python("train.py", "--shard", shard, "--rate", rate, "--out", "m.json")
        tried.append((json.loads(python("score.py", "m.json")), shard, rate))
for loss, shard, rate in tried:
    print(loss, shard, rate)
END

test_expect_success 'every shard is trained at every rate and the best is found' '
	example tuning &&
	"$PYTHON" reference.py > tried &&
	lines 8 tried &&
	rm -f shards.json m.json &&
	flowmake run --local &&
	sort -g tried | sed -n 1p > best &&
	read loss shard rate < best &&
	flowmake logs 1/best --stdout > log &&
	printf "best: (%s \"%s\" %s)\n" "$loss" "$shard" "$rate" > expected &&
	test_cmp expected log
'

test_expect_success 'the splits are numbered in the order of the shards' '
	flowmake logs 1/train/7 --stdout > log &&
	test_grep "^west: " log &&
	test_must_fail flowmake logs 1/train/8
'

test_done
