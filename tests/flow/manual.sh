# Every example in Flowfile(5) runs.  A comment before it says how:
# .\" test: COMMANDS
. "${0%/*}/lib"

# Each example as N/Flowfile, its commands as N/commands.
"$PYTHON" - "$srcdir/man/Flowfile.5" <<'END'
import os, re, sys

text = open(sys.argv[1]).read()
blocks = re.findall(r'^\.\\" test: (.*)\n\.Bd .*\n((?:.*\n)*?)\.Ed$', text, re.M)
for n, (commands, flow) in enumerate(blocks):
    os.mkdir(str(n))
    flow = re.sub(r"^\\&", "", flow, flags=re.M).replace("\\e", "\\")
    open("%d/Flowfile" % n, "w").write(flow)
    open("%d/commands" % n, "w").write(commands + "\n")
END

test_expect_success 'there are examples' '
	test -d 8
'

for example in $(ls | sort -n); do
	test_expect_success "example $example: $(cat "$example/commands")" "
		cd $example &&
		eval \"\$(cat commands)\" &&
		flowmake check
	"
done

test_done
