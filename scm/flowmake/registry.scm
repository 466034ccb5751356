;;; What a Flowfile declares while it is loaded, and what it consists of.

(define-module (flowmake registry)
  #:use-module (flowmake errors)
  #:use-module (flowmake primitives)
  #:use-module (flowmake template)
  #:use-module (flowmake values)
  #:export (computed-name
            declare-step!
            declare-flow!
            flow-limit
            declare-parameter!
            set-given-parameters!
            flow-file
            debug-mode
            form-place
            call-place
            note-call!
            implicit-names
            step-count
            step-template
            step-name
            step-computed
            step-thunk
            valid-name?
            flow-declaration
            declared-parameters
            pure-flow?
            check-given-parameters
            included-files
            forms-read
            expanded-files
            expanded-observations
            note-observation!
            loaded-observations
            note-loaded-observation!
            pack-observations
            note-module-files!
            note-read-module!
            module-files
            module-sources
            module-mentions
            module-observations
            compiled-flow?
            plain-names
            compiled-module?
            pack-definitions
            note-source!
            copy-source!
            join-sources!
            pack-sources
            note-definitions!
            definitions
            source-of
            procedure-mark
            call-parts))

(define flow-file
  ;; The name of the Flowfile, as the engine gave it.
  (make-parameter "Flowfile"))

(define form-place
  ;; Of the form that is expanded or interpreted, or #f.
  (make-parameter #f))

(define last-call #f)

(define (note-call! place)
  "Remember that an interpreted Flowfile makes the call at PLACE, as
syntax-source gives it; #f: none."
  (set! last-call place))

(define (call-place)
  "Return the place of the call that was noted last, or #f."
  last-call)

(define debug-mode
  ;; Whether errors bring a backtrace.
  (make-parameter #f))

;;; Steps: four growing vectors, so that a step costs four words and its
;;; closure.

(define count 0)
(define templates (make-vector 64))
(define names (make-vector 64))
(define computed-names (make-vector 64))
(define dispatchers (make-vector 64))

(define (grow vector)
  (let ((new (make-vector (* 2 (vector-length vector)))))
    (vector-move-left! vector 0 (vector-length vector) new 0)
    new))

(define implicit-names
  ;; Every step has these.
  '(attempt inputs outputs))

(define outside-names
  ;; What would not be told apart in a task's name or on the command line.
  (char-set-union (char-set #\/ #\=) char-set:whitespace
                  char-set:iso-control))

(define (valid-name? name)
  "Return whether a step can be called NAME, a string."
  (not (or (string-null? name)
           (string-index name outside-names))))

(define (computed-name place name)
  "Return NAME, which an expression at PLACE gave, as a string."
  (define (check name)
    (unless (valid-name? name)
      (flow-error place "a step cannot be called '~a'" name))
    name)
  (cond
   ((string? name) (check name))
   ((symbol? name) (check (symbol->string name)))
   (else
    (flow-error place "a step's name must be a symbol or a string, not ~a"
                (show-value name)))))

(define (declare-step! template name computed dispatch)
  "Declare a step.  TEMPLATE is the literal in the form's expansion,
NAME its name, or #f for defaults, COMPUTED the names of other steps that it
computes, (DISPATCH n) its Nth thunk."
  (when (= count (vector-length templates))
    (set! templates (grow templates))
    (set! names (grow names))
    (set! computed-names (grow computed-names))
    (set! dispatchers (grow dispatchers)))
  (vector-set! templates count template)
  (vector-set! names count name)
  (vector-set! computed-names count computed)
  (vector-set! dispatchers count dispatch)
  (set! count (1+ count)))

(define (step-count)
  "Return how many steps were declared."
  count)

(define (step-template step)
  "Return the template of STEP, a number."
  (vector-ref templates step))

(define (step-name step)
  "Return the name of STEP, or #f for a defaults form."
  (vector-ref names step))

(define (step-computed step)
  "Return the computed names that STEP mentions."
  (vector-ref computed-names step))

(define (step-thunk step n)
  "Return the thunk number N of STEP."
  ((vector-ref dispatchers step) n))

;;; The flow.

(define flow-declaration
  ;; (name doc max-num-splits max-workers), each #f if it was not said.
  (make-parameter #f))

(define (flow-limit place keyword value)
  "Return VALUE, of KEYWORD at PLACE, if the flow may have such a limit."
  (unless (and (exact-integer? value) (<= 1 value 4294967295))
    (flow-error place "flow: ~a must be a whole number above 0~a, not ~a"
                keyword
                (if (and (exact-integer? value) (positive? value))
                    " that 32 bits hold"
                    "")
                (show-value value)))
  value)

(define (declare-flow! place name doc max-num-splits max-workers)
  "Name the flow; it may be done once."
  (when (flow-declaration)
    (flow-error place "the flow has a name already, '~a'"
                (car (flow-declaration))))
  (flow-declaration (list name doc max-num-splits max-workers)))

;;; Parameters.

(define given '())                      ; ((name . text) ...)
(define declared '())     ; ((name value doc given?) ...), last first

(define inherited '())                  ; the same, given to an earlier run

(define (set-given-parameters! parameters earlier)
  "Let PARAMETERS, a list of (NAME TEXT), be those of the command line, and
EARLIER, such a list, what was given to the run that is resumed."
  (define (pairs entries)
    (map (lambda (entry) (cons (car entry) (cadr entry))) entries))
  (set! given (pairs parameters))
  (set! inherited (pairs earlier)))

(define (text->boolean text)
  (cond
   ((member text '("#t" "true" "yes" "on" "1")) #t)
   ((member text '("#f" "false" "no" "off" "0")) #f)
   (else 'none)))

(define (split-list text)
  (if (string-null? text)
      '()
      (string-split text #\,)))

(define (text->number text)
  ;; The real number that TEXT is, or #f.
  (let ((value (false-if-exception (string->number text))))
    (and (real? value) value)))

(define (convert name text default earlier?)
  ;; TEXT, which was given EARLIER? or now, as a value of DEFAULT's type.
  (define (wrong type)
    (flow-error #f "parameter '~a' is ~a, '~a' is none~a" name type text
                (if earlier?
                    (format #f "; it was given to the run that is resumed: \
give another now, as ~a=VALUE" name)
                    "")))
  (cond
   ((number? default)
    (or (text->number text) (wrong "a number")))
   ((boolean? default)
    (let ((value (text->boolean text)))
      (if (eq? value 'none)
          (wrong "a truth value (true or false)")
          value)))
   ((list? default)
    (let ((words (split-list text)))
      (cond
       ((null? default) words)
       ((and-map number? default)
        (map (lambda (word)
               (or (text->number word)
                   (wrong "a list of numbers (separated by commas)")))
             words))
       ((and-map symbol? default) (map string->symbol words))
       (else words))))
   ((symbol? default) (string->symbol text))
   (else text)))

(define (plain-type? value)
  (or (real? value) (string? value) (boolean? value) (symbol? value)
      (list? value)))

(define (declare-parameter! place name default-place default doc)
  "Return the value of the parameter NAME: the text given for it, converted to
the type of DEFAULT, or DEFAULT.  DEFAULT #:required means that one must be
given, a string."
  (let* ((text-name (symbol->string name))
         (now (assoc-ref given text-name))
         (text (or now (assoc-ref inherited text-name))))
    (when (assoc text-name declared)
      (flow-error place "parameter '~a' is declared twice" name))
    (unless (or (eq? default #:required) (plain-type? default))
      (flow-error default-place "parameter '~a': the default must be a \
number, a string, a truth value or a list, not ~a" name (show-value default)))
    (when (and (eq? default #:required) (not text))
      (flow-error place "parameter '~a' must be given, as ~a=VALUE" name name))
    (let ((value (if text (convert name text default (not now)) default)))
      (set! declared (cons (list text-name value doc (and text #t)) declared))
      value)))

(define (declared-parameters)
  "Return the list of (NAME VALUE DOC GIVEN?) in the order of the Flowfile."
  (reverse declared))

(define (check-given-parameters)
  "Raise an error if a parameter was given that the Flowfile does not declare."
  (for-each
   (lambda (entry)
     (unless (assoc (car entry) declared)
       (let ((near (%suggest (car entry) (map car declared))))
         (flow-error #f "unknown parameter '~a'~a" (car entry)
                     (if near
                         (format #f " (did you mean '~a'?)" near)
                         "")))))
   given))

;;; Source digests of the Flowfile's definitions, for the keys of tasks.  They
;;; travel as a string for the same reasons as templates do.

(define procedure-mark
  ;; The property of a procedure of the Flowfile that says where it is from:
  ;; (NUMBER . PLACE) of its form among the definitions, and in that form; of
  ;; one of a module of the project ((FILE NUMBER) . PLACE).
  'flowmake-form)

(define packed-definitions #f)

(define included-files
  ;; Those that what is read now, the Flowfile or a module, loads or includes.
  (make-parameter '()))

(define forms-read
  ;; All forms of files that were read, (FILE SYNTAX ...), with those that load
  ;; or include others where they stand.
  (make-parameter '()))

(define expanded-files
  ;; Those of the Flowfile's that were read while forms were expanded, by
  ;; include inside of a form or by a macro: any code may be from there.
  (make-parameter '()))

(define expanded-observations
  ;; What else the Flowfile looked at while forms were expanded, as
  ;; (KIND QUERY ANSWER): any code may come of that, too.
  (make-parameter '()))

(define loaded-observations
  ;; The same of what modules looked at that were loaded for that: expanded code
  ;; may hold what macros made of it.
  (make-parameter '()))

(define (note-in! observations kind query answer)
  (let ((observation (list kind query answer)))
    (unless (member observation (observations))
      (observations (cons observation (observations))))))

(define (note-observation! kind query answer)
  "Remember what was looked at for the forms that are expanded."
  (note-in! expanded-observations kind query answer))

(define (note-loaded-observation! kind query answer)
  "Remember what a module looked at that is loaded for them."
  (note-in! loaded-observations kind query answer))

(define (pack-observations)
  "Return what note-definitions! takes for the observations so far."
  (%bytes->string (%encode (expanded-observations) "")))

(define (unpack-observations packed)
  (%decode (%string->bytes packed)))

(define compiled-flow?
  ;; Whether the Flowfile's procedures have marks.
  (make-parameter #t))

(define plain-names
  ;; Of a Flowfile without marks: a table of the names that are but once given
  ;; a value, by (define (NAME ...) ...) or the like.
  (make-parameter #f))

(define noted-modules '())
;; ((file compiled? mentioned observations (file . digest) ...) ...)

(define (note-module-files! file mentioned observed . sources)
  "Remember that the module in FILE, which is compiled, consists of the files of
SOURCES, FILE itself and those that it includes, each with the digest of the
forms in it, or #f if all of it counts; what it says MENTIONED, a list: names of
modules, and strings; and what was OBSERVED when it was expanded, as
pack-observations gives that."
  (set! noted-modules
        (acons file
               (cons* #t mentioned (unpack-observations observed) sources)
               noted-modules)))

(define (note-read-module! file mentioned sources)
  "Remember the same of a module that is interpreted, as far as it was read."
  (set! noted-modules
        (acons file (cons* #f mentioned '() sources) noted-modules)))

(define (noted file)
  (or (assoc-ref noted-modules file) `(#f () () (,file . #f))))

(define (compiled-module? file)
  "Return whether the procedures of the module in FILE have marks."
  (car (noted file)))

(define (module-sources file)
  "Return ((FILE . DIGEST-or-#f) ...) of FILE, which holds a module, and of the
files that it includes, as note-module-files! has them."
  (cdddr (noted file)))

(define (module-files file)
  "Return FILE, which holds a module, and the files that it includes."
  (map car (module-sources file)))

(define (module-observations file)
  "Return the expanded-observations of the module in FILE."
  (caddr (noted file)))

(define (module-mentions file)
  "Return the names of the modules that the module in FILE mentions names of by
@ and @@, and the strings in it that may name files."
  (cadr (noted file)))

(define (pack-definitions list)
  "Return what note-definitions! takes for LIST, ((NAME DIGEST MENTIONED ...)
...), in which NAME is that of a definition or the number of a form."
  (%bytes->string (%encode-source list)))

(define pure #f)

(define (pure-flow?)
  "Return whether the Flowfile is pure, in the sense of (flowmake purity)."
  pure)

;;; The texts that the digests are of, to be shown when they change.

(define sources (make-hash-table))      ; digest -> (file text)

(define packed-sources #f)

(define (note-source! digest file text)
  "Remember that DIGEST is of TEXT, a string or #f, in FILE."
  (when (and digest text)
    (hash-set! sources digest (list file text))))

(define (unpack-sources!)
  (when packed-sources
    (for-each (lambda (entry) (apply note-source! entry))
              (%decode (%string->bytes packed-sources)))
    (set! packed-sources #f)))

(define (copy-source! digest other)
  "Remember that DIGEST is of what is written as what the digest OTHER is of."
  (let ((source (source-of other)))
    (when source
      (note-source! digest (car source) (cadr source)))))

(define (join-sources! digest one other)
  "Remember that DIGEST is of what the digests ONE and OTHER are of."
  (unpack-sources!)
  (let ((first (hash-ref sources one)) (second (hash-ref sources other)))
    (when (and first second)
      (note-source! digest (car first)
                    (string-append (cadr first) "\n" (cadr second))))))

(define (source-of digest)
  "Return (FILE TEXT) of what DIGEST is of, or #f."
  (unpack-sources!)
  (hash-ref sources digest))

(define (pack-sources)
  "Return what note-definitions! takes for the sources so far."
  (%bytes->string (%encode (hash-map->list cons sources) "")))

(define (note-definitions! packed pure? expanded observed source-texts
                           . included)
  "Remember the digests of the Flowfile's definitions, whether it is PURE?, the
lists EXPANDED and INCLUDED of files, and what was OBSERVED and the
SOURCE-TEXTS, as pack-observations and pack-sources give them, found when it was
expanded."
  (set! packed-sources source-texts)
  (included-files included)
  (expanded-observations (unpack-observations observed))
  (expanded-files expanded)
  (set! pure pure?)
  (set! packed-definitions packed))

(define (definitions)
  "Return the list of (NAME DIGEST MENTIONED ...)."
  (if packed-definitions
      (%decode (%string->bytes packed-definitions))
      '()))

;;; A compiled Flowfile.

(define (call-parts . parts)
  "Call each of PARTS, which hold the forms of a Flowfile, in order."
  (for-each (lambda (part) (part)) parts))
