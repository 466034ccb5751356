;;; The cache of compiled code: KEY.go, and KEY.deps with the digests of the
;;; other files of the project that had a part in it.  KEY is the digest of the
;;; text and of what expanded it.

(define-module (flowmake cache)
  #:use-module (system vm loader)
  #:use-module (flowmake primitives)
  #:export (cache-path
            cached-code
            code-at
            save-code!))

(define expanders
  ;; The modules whose code says what a form expands to.
  '("annotation" "code" "compile" "draft" "forms" "interpolate" "modules"
    "project" "purity" "reader" "recipe" "registry" "source" "step" "template"
    "wire"))

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
  "Return the thunk that is kept at PATH, or #f if there is none, or none of the
files as they are now."
  (catch #t
    (lambda ()
      (and (and-map (lambda (entry)
                      (equal? (%file-digest (car entry)) (cdr entry)))
                    (%load-value "cbor" (string-append path ".deps")))
           (code-at path)))
    (lambda _ #f)))

(define (save-code! path bytecode files)
  "Keep BYTECODE, in which FILES had a part, at PATH, or nowhere if that is #f;
return whether that was possible."
  (and path
       (%replace-file! (string-append path ".go") bytecode)
       (%replace-file! (string-append path ".deps")
                       (%encode (map (lambda (file)
                                       (cons file (%file-digest file)))
                                     files)
                                ""))))
