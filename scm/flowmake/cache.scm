;;; The cache of compiled code: KEY.go, and KEY.deps with the digests of the
;;; other files of the project that had a part in it, and with what else was
;;; looked at while it was expanded.  KEY is the digest of the text and of what
;;; expanded it.

(define-module (flowmake cache)
  #:use-module (ice-9 match)
  #:use-module (system vm loader)
  #:use-module ((flowmake helpers) #:select (look-again))
  #:use-module (flowmake primitives)
  #:export (cache-path
            cached-code
            code-at
            save-code!))

(define expanders
  ;; The modules whose code says what a form expands to.
  '("annotation" "code" "compile" "draft" "forms" "interpolate" "mention"
    "modules" "project" "purity" "reader" "recipe" "registry" "source" "step"
    "template" "wire"))

(define (expander-stamps)
  ;; What tells these modules from those of another build, so that nothing that
  ;; an older one compiled is used.
  (map (lambda (name)
         (let* ((file (search-path %load-compiled-path
                                   (string-append "flowmake/" name ".go")))
                (status (and file (stat file #f))))
           (and status
                (list (stat:size status) (stat:mtime status)
                      (stat:mtimensec status)))))
       expanders))

(define stamps #f)

(define (hexadecimal bytes)
  (string-concatenate
   (map (lambda (byte)
          (string-append (if (< byte 16) "0" "") (number->string byte 16)))
        (array->list bytes))))

(define (cache-path directory file text)
  "Return where in DIRECTORY the code of TEXT, the content of FILE, is kept,
without its ending; #f if DIRECTORY is none."
  (unless stamps
    (set! stamps (expander-stamps)))
  (and (string? directory)
       (string-append directory "/"
                      (hexadecimal
                       (%digest (%encode (list stamps (version) file text)
                                         ""))))))

(define (code-at path)
  "Return the thunk that is kept at PATH."
  (load-thunk-from-file (string-append path ".go")))

(define (cached-code path)
  "Return the thunk that is kept at PATH, or #f if there is none, or none of
what is there now."
  (define same-file?
    (match-lambda
      ((file . digest) (equal? (%file-digest file) digest))))
  (define same-answer?
    (match-lambda
      ((kind query answer) (equal? (look-again kind query) answer))))
  (catch #t
    (lambda ()
      (match (%load-value "cbor" (string-append path ".deps"))
        ((files observations)
         (and (and-map same-file? files)
              (and-map same-answer? observations)
              (code-at path)))))
    (lambda _ #f)))

(define (save-code! path bytecode files observations)
  "Keep BYTECODE, in which FILES and OBSERVATIONS, a list of (KIND QUERY ANSWER),
had a part, at PATH, or nowhere if that is #f; return whether that was possible."
  (define (stamped file)
    (cons file (%file-digest file)))
  (and path
       (%replace-file! (string-append path ".go") bytecode)
       (%replace-file! (string-append path ".deps")
                       (%encode (list (map stamped files) observations)
                                ""))))
