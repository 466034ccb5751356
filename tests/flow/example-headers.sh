# The example `headers` finds what a Python program finds.
. "${0%/*}/lib"

cat > reference.py <<'END'
import collections, pathlib, re, sys

root, most = pathlib.Path(sys.argv[1]), int(sys.argv[2])
keywords = set(open("keywords.txt").read().split())
uses = collections.Counter()
for directory in sorted({path.relative_to(root).parts[0] if len(
        path.relative_to(root).parts) > 1 else "" for path in root.rglob("*.h")}):
    text = ""
    for path in sorted(root.rglob("*.h")):
        parts = path.relative_to(root).parts
        if (parts[0] if len(parts) > 1 else "") == directory:
            text += path.read_text()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    uses.update(re.findall(r"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]*", text))
found = [(-n, word) for word, n in uses.items() if word not in keywords]
for n, word in sorted(found)[:most]:
    print(-n, word)
END

test_expect_success 'the identifiers used most are those that Python counts' '
	example headers &&
	mkdir -p "inc/a dir/sub" inc/net inc/empty &&
	cp /usr/include/std*.h inc &&
	cp /usr/include/string*.h "inc/a dir" &&
	cp /usr/include/unistd.h "inc/a dir/sub/-odd name.h" &&
	cp /usr/include/net/*.h inc/net &&
	"$PYTHON" reference.py inc 30 > expected &&
	lines 30 expected &&
	flowmake run root="$PWD/inc" most=30 &&
	test_cmp expected top.txt
'

test_expect_success 'each directory is a task of its own' '
	flowmake logs 1 > /dev/null &&
	ls words > actual &&
	printf "%s\n" "a dir.tsv" net.tsv top.tsv > expected &&
	test_cmp expected actual
'

test_expect_success 'more than 100 directories need no flag' '
	mkdir many &&
	for i in $(seq 150); do
		mkdir many/$i && echo "int name_$i;" > many/$i/x.h || return 1
	done &&
	flowmake run root=many most=1000 &&
	lines 150 top.txt
'

test_done
