# A task's spec is all that running it takes: `flowmake agent` runs each task
# of each example in a directory that holds nothing else.
. "${0%/*}/lib"

# Read a spec (CBOR) and bring what it declares to DIR; print the outputs.
cat > bring.py <<'END'
import os, shutil, struct, sys

def item(data, at):
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    n = low
    if 24 <= low <= 27:
        size = 1 << (low - 24)
        n = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        text = data[at:at + n]
        return (text if major == 2 else text.decode()), at + n
    if major == 4:
        values = []
        for _ in range(n):
            value, at = item(data, at)
            values.append(value)
        return values, at
    if major == 5:
        values = {}
        for _ in range(n):
            key, at = item(data, at)
            values[key], at = item(data, at)
        return values, at
    if major == 6:
        value, at = item(data, at)
        return os.fsdecode(value) if isinstance(value, bytes) else value, at
    return {20: False, 21: True}.get(low), at

def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)

spec, end = item(open(sys.argv[1], "rb").read(), 0)
to = sys.argv[2]
paths = [file[0] for file in spec.get("inputs", [])]
if "flow-file" in spec:
    paths.append(spec["flow-file"])
for _, name, digest, _, _, file_name in spec.get("objects", []):
    hexes = digest.hex()
    for path in (f"objects/{hexes[:2]}/{hexes[2:]}",
                 f"named/{hexes[:2]}/{hexes[2:]}/{file_name}"):
        if os.path.lexists(f".flowmake/{path}"):
            paths.append(f".flowmake/{path}")
for path in paths:
    if not os.path.isabs(path):
        copy(path, os.path.join(to, path))
for file in spec.get("outputs", []):
    print(file[0])
END

# agents [same]: each spec in specs/ by an agent; with "same", its outputs are
# what the run made.
agents() {
	local spec dir=$test_base/alone output
	ls specs/*.spec > /dev/null || return 1
	for spec in specs/*.spec; do
		case $spec in *.outcome) continue ;; esac
		test_remove "$dir" && mkdir "$dir" &&
		"$PYTHON" bring.py "$spec" "$dir" > outputs &&
		cp "$spec" "$test_base/spec" || return 1
		if ! (cd "$dir" && flowmake agent ../spec) > log 2>&1; then
			echo "$spec failed alone:"
			cat log
			return 1
		fi
		test "${1-}" = same || continue
		while IFS= read -r output; do
			diff -r -- "$output" "$dir/$output" || return 1
		done < outputs
	done
}

test_expect_success 'a file that a recipe does not declare is not there' '
	echo secret > undeclared &&
	flowfile <<-\END &&
	(step peek (output o "o") (shell "cat undec* > #{o}"))
	END
	flowmake run --specs specs &&
	! agents > why &&
	test_grep undec why
'
rm -rf specs undeclared o .flowmake

test_expect_success 'all kinds of recipes run alone' '
	flowfile <<-\END &&
	(parameter greeting "hello")
	(step value (produces n words blob)
	  (scheme (values 42 (list "a b" "c") (make-string 5000 #\x))))
	(step file (produces (name text) (clip "a clip.txt"))
	  (from value n) (environment (EXTRA "e"))
	  (shell "echo #{n} $EXTRA > #{name}; echo x > #{clip}"))
	(step read (from value n words blob) (from file name clip)
	  (input in "given") (output out "made/out")
	  (exec "sh" "-c" "cat \"$@\" | wc -c" "sh" clip in
	        (list-file words) #:stdout out))
	(step script (from value words) (output s "scripted")
	  (script "python3" "
	import json, os
	task = json.load(open(os.environ[\"FLOWMAKE_TASK\"]))
	print(task, file=open(\"scripted\", \"w\"))"))
	(step last (from value blob words) (from file clip)
	  (output o "last.txt")
	  (scheme
	    (with-output-to-file o
	      (lambda ()
	        (write (list greeting (string-length blob) words))
	        (display (call-with-input-file clip read))))))
	END
	echo given > given &&
	flowmake run --specs specs greeting=servus &&
	test_grep servus last.txt &&
	agents same
'
rm -rf specs .flowmake

for name in pack wordcount; do
	test_expect_success "each task of the example $name runs alone" '
		example $name &&
		if test $name = pack
		then set -- packed/a.txt.gz
		else set -- --local
		fi &&
		flowmake run --specs specs "$@" &&
		agents same
	'
	rm -rf specs .flowmake
done

test_expect_success 'each task of the example headers runs alone' '
	example headers &&
	mkdir -p inc/net inc/sub &&
	cp /usr/include/std*.h inc &&
	cp /usr/include/string*.h inc/net &&
	cp /usr/include/unistd.h inc/sub &&
	flowmake run --specs specs root=inc &&
	agents same
'
rm -rf specs .flowmake

test_expect_success 'each task of the example bigsum runs alone' '
	example bigsum &&
	flowmake run --specs specs --local size=100 &&
	agents
'
rm -rf specs .flowmake

test_expect_success 'each task of the example tuning runs alone' '
	example tuning &&
	flowmake run --specs specs --local &&
	agents same
'

test_done
