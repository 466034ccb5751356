;;; What the evaluator, a C program, gives to Scheme.  It defines module
;;; (flowmake c) before anything else is loaded.  Outside of it, where these
;;; files are only compiled, the names are bound to procedures that complain.

(define-module (flowmake primitives)
  #:export (in-evaluator?))

(define c-module (resolve-module '(flowmake c) #f #:ensure #f))

(define in-evaluator?
  ;; Whether the primitives are there.
  (and c-module #t))

(define (primitive name documentation)
  (let ((proc (and c-module (module-ref c-module name #f))))
    (cond
     (proc
      (set-procedure-property! proc 'documentation documentation)
      proc)
     (else
      (lambda _ (error "not in flowmake-evaluator:" name))))))

(define-syntax-rule (define-primitives (name documentation) ...)
  (begin
    (define name (primitive 'name documentation)) ...
    (export name ...)))

(define-primitives
  ;; Values and frames.
  (%encode
   "Return the CBOR of VALUE as a bytevector.  Raise flowmake-error, which
calls it WHAT, if a part of it cannot be encoded.")
  (%encode-source
   "Return the CBOR of the source text DATUM, or #f if it has none.")
  (%encode-message "Return the CBOR of MESSAGE, as %send writes it.")
  (%bytes->string "Return BYTES as a string of characters below 256.")
  (%string->bytes "Return the bytes that %bytes->string made a string of.")
  (%decode "Return the value that the CBOR in BYTES stands for.")
  (%digest "Return the 16-byte digest of BYTES.")
  (%set-tagged-type! "Make RTD the record type of tagged values.")
  (%send "Write MESSAGE as a frame of TYPE to FD, with the descriptors RIDERS.")
  (%queue "Add MESSAGE as a frame of TYPE to what waits to be written to FD.")
  (%flush "Write to FD what waits.")
  (%receive "Return (type value rider-or-#f) from FD, or #f at its end.")
  (%write-value "Write VALUE, called WHAT, to FD; return the format.")
  (%size-hint "Return a lower bound of the bytes that VALUE takes.")
  (%load-value "Return the value that file PATH holds in FORMAT.")
  ;; Texts.
  (%suggest "Return the one of NAMES that NAME may have meant, or #f.")
  (%shell-scan
   "Return the quote contexts of the holes between PIECES of a shell text, or
(index . why) for the first that cannot be quoted.")
  (%file-name "Return the file name STRING as recipes get it: plain, and with \
\"./\" before a leading \"-\".")
  (%escape "Return STRING with what disturbs a terminal escaped.")
  (%closure-values
   "Return the list of values that the compiled closure PROC holds, or #f.")
  (%code-address
   "Return where the code of the compiled procedure PROC is, or #f.")
  ;; Files.
  (%glob "Return the sorted list of files that match PATTERN.")
  (%read-file "Return the content of PATH as a string.")
  (%read-json "Return the value of the JSON in PATH.")
  (%file-digest "Return the digest of the content of PATH, or #f.")
  (%getenv "Return the variable NAME of the environment, or #f.")
  (%setenv "Set the variable NAME of the environment to VALUE.")
  (%run-command "Run the program ARGS; return (wait-status . output).")
  (%replace-file! "Make PATH hold BYTES; return whether that was possible.")
  (%create "Open PATH for writing, emptied; return the descriptor.")
  (%memory-file "Return the descriptor of a new file without a name.")
  (%write-bytes "Write BYTES to FD.")
  (%write-text "Write STRING to FD, as the bytes that it stands for.")
  (%close "Close FD.")
  ;; Processes.
  (%fork "Return 0 in a new child, which dies with us, and its pid here.")
  (%exit "End the process at once with STATUS.")
  (%wait "Wait for PID to end; return its wait status.")
  (%kill "Kill PID.")
  (%socket-pair "Return (fd . fd), two connected sockets.")
  (%poll "Wait for some of FDS to be readable and return those.")
  (%shared-slots "Return COUNT 64-bit zeros that forked children share.")
  (%take-slot! "Return the first number of SLOTS, which goes up by one.")
  (%free-slots! "Give SLOTS back.")
  (%thread-count "Return how many threads the process has.")
  (%current-milliseconds "Return the milliseconds since 1970.")
  (%run-finalizers "Run the finalizers that wait.")
  (%expand-heap "Let the heap grow by BYTES at once.")
  (%processor-count "Return how many processors there are."))
