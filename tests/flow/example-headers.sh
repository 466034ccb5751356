# The example `headers` finds what a Python program finds.
. "${0%/*}/lib"

cat > reference.py <<'END'
import collections, os, re, sys

root, most = os.fsencode(sys.argv[1]), int(sys.argv[2])
keywords = set(open("keywords.txt", "rb").read().split())
uses = collections.Counter()
for directory, _, names in os.walk(root):
    for path in (os.path.join(directory, name) for name in names):
        if path.endswith(b".h") and not os.path.islink(path):
            text = open(path, "rb").read()
            text = re.sub(rb"/\*.*?\*/|//[^\n]*", b" ", text, flags=re.S)
            for word in re.findall(rb"[A-Za-z0-9_]+", text):
                uses[word] += not word[:1].isdigit() and word not in keywords
for n, word in sorted((-n, word) for word, n in uses.items() if n)[:most]:
    print(-n, word.decode())
END

# as_python ROOT: the example's answer for ROOT is that of the program.
as_python() {
	"$PYTHON" reference.py "$1" 30 > expected &&
	lines 30 expected &&
	flowmake run root="$1" most=30 &&
	test_cmp expected top.txt
}

test_expect_success 'the identifiers used most are those that Python counts' '
	example headers &&
	mkdir -p "inc/a dir/sub" inc/net/1/2/3/4/5/6/7 inc/empty &&
	cp /usr/include/std*.h inc &&
	cp /usr/include/string*.h "inc/a dir" &&
	cp /usr/include/unistd.h "inc/a dir/sub/-odd name.h" &&
	cp /usr/include/net/*.h inc/net &&
	for i in $(seq 1000); do
		echo "int deep;"
	done > inc/net/1/2/3/4/5/6/7/deep.h &&
	odd=$(printf "\\303\\251\\377.h") &&
	printf "// see /*.h\nint no_newline" > "inc/a dir/$odd" &&
	as_python "$PWD/inc" &&
	grep "^1000 deep$" top.txt
'

test_expect_success 'each directory is a task of its own' '
	flowmake logs 1 > /dev/null &&
	ls words > actual &&
	printf "%s\n" "a dir.tsv" net.tsv top.tsv > expected &&
	test_cmp expected actual
'

test_expect_success 'what links lead to counts once' '
	ln -s net inc/net-1.0 &&
	ln -s .. inc/net/loop &&
	ln -s stdio.h inc/input.h &&
	ln -s inc link &&
	cp top.txt before &&
	as_python inc/ &&
	test_cmp before top.txt &&
	as_python link
'

test_expect_success 'a root that is not there, or has no headers, is refused' '
	fails "nosuch.*: No such file" root=nosuch &&
	fails "^Flowfile:.*: there are no headers below \"inc/empty\"$" root=inc/empty
'

test_expect_success 'more than 100 directories need no flag' '
	mkdir many &&
	for i in $(seq 150); do
		mkdir many/$i && echo "int name_$i;" > many/$i/x.h || return 1
	done &&
	runs_tasks "101 tasks" root=many most=1000 &&
	lines 150 top.txt
'

test_done
