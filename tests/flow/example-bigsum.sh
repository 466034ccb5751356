# The example `bigsum` sums as Python does.
. "${0%/*}/lib"

cat > reference.py <<'END'
import sys

size, total = int(sys.argv[1]), 0
for row in range(size):
    state = row + 1
    for column in range(size):
        state = 16807 * state % 2147483647
        total += state % 1000
print(f"The sum is {total}.")
END

test_expect_success 'the sum is what Python computes' '
	example bigsum &&
	"$PYTHON" reference.py 203 > expected &&
	flowmake run --local size=203 > output 2>&1 &&
	flowmake logs 1/end --stdout > log &&
	sed -n 1p log > actual &&
	test_cmp expected actual &&
	test_grep "^Computing it took [0-9]+ms\.$" log
'

test_expect_success 'the sum is a result that dump prints' '
	flowmake dump 1/start/sum > dumped &&
	sed "s/[^0-9]//g" expected > digits &&
	test_grep "$(cat digits)" dumped
'

test_done
