# The manual says what the program does: options, commands, and proper mdoc.
. "$(dirname "$0")/lib.sh"

flowmake=${builddir:-build}/flowmake
rows=$("$flowmake" help --rows)

# Options as SECTION:ITEM, the way that the manual writes them.  What all
# commands, or all that load a Flowfile, take is described in one place; what
# resume has of run, with run.
rows=$(awk -F '\t' '{ row = $0; sub(/^[^\t]*/, "", row) }
	$1 == "run" { of_run[row] = 1 }
	!($1 == "resume" && $2 && of_run[row])' <<< "$rows")

said_by_program() {
	awk -F '\t' '$2 {
		name = substr($2, 3)
		item = "Fl Fl " name
		if ($3)
			item = "Fl " substr($3, 2) " , " item
		if ($4)
			item = item " Ns = Ns Ar " $4
		section = $1
		if (section == "" || name ~ /^(directory|help|debug)$/ ||
		    $2 $3 == "--file-f")
			section = "Options"
		print section ":" item
	}' <<< "$rows" | sort -u
}

said_by_manual() {
	awk '/^\.S[hs] / { section = $2 }
	     /^\.It Fl / { print section ":" substr($0, 5) }' \
		man/flowmake.1 | sort -u
}

comm -23 <(said_by_program) <(said_by_manual) |
clean 'every option is in the manual, in the section of its command'

comm -13 <(said_by_program) <(said_by_manual) |
clean 'the manual describes no option that there is not'

# section NAME: the lines of one section of the manual.
section() {
	awk -v name="$1" '/^\.S[hs] / { inside = $2 == name }
			  inside' man/flowmake.1
}

awk -F '\t' '$1 && $2 && $5 && $2 != "--file" {
	print $1 "\t" $2 "\t" $5
}' <<< "$rows" |
while IFS=$'\t' read -r command option standard; do
	section "$command" | grep -qF -- "$standard" ||
		echo "$command $option: $standard"
done | clean 'the manual says what holds without an option'

awk -F '\t' '$1 && !$2 { print $1 }' <<< "$rows" |
while read -r command; do
	grep -qx "\.Ss $command" man/flowmake.1 || echo "$command"
done | clean 'every command has a section in the manual'

awk -F '\t' '$1 && !$2 { print $1 }' <<< "$rows" |
while read -r command; do
	sed '/^\.Sh DESCRIPTION/q' man/flowmake.1 |
	grep -qE "^\.(Op )?Cm $command\b" || echo "$command"
done | clean 'every command is in the synopsis of the manual'

# Names that a Flowfile may use, as the language itself exports them.
for name in $(sed -n '/#:re-export/,$p' scm/flowmake.scm |
	tr -s '()' '  ' | tr ' ' '\n' | grep -E '^[a-z-]+$'); do
	grep -qE "^\.(It|Ic|Fn|Nm|Pq|Op|Dl).*\b$name\b|^\($name\b" \
		man/Flowfile.5 || echo "$name"
done | clean 'every form and helper is in the manual of the language'

if command -v mandoc >/dev/null; then
	# Which system it is formatted for is not our business.
	mandoc -Tlint -Wwarning man/flowmake.1 man/Flowfile.5 |
	clean 'the manual is proper mdoc'
fi

finish
